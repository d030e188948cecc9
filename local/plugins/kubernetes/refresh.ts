import { isMap, type PropertyMap, type Value, valueAt } from "../protocol/values.ts";
import { changesBetween } from "./diff.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/**
 * What the inputs would have to be for the live object: the old inputs, with what changed in the cluster since the last
 * stored state. Fields that the server always held differently (write-only, defaulted, rewritten) stay as they were.
 */
export function refreshedInputs(
  inputs: Value,
  stored: Value | undefined,
  live: Value | undefined,
): Value | undefined {
  if (changesBetween(stored, live).length === 0) return inputs;
  if (live === undefined) return undefined;
  if (Array.isArray(inputs) && Array.isArray(live)) {
    const before = Array.isArray(stored) ? stored : [];
    return live.map((item, i) => {
      const input = inputs[i];
      return input === undefined ? item : (refreshedInputs(input, before[i], item) ?? null);
    });
  }
  if (!isMap(inputs) || !isMap(live)) return live;
  const refreshed: PropertyMap = {};
  for (const [key, input] of Object.entries(inputs)) {
    const value = refreshedInputs(input, valueAt(stored, [key]), live[key]);
    if (value !== undefined) refreshed[key] = value;
  }
  return refreshed;
}

const serverMetadata = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "managedFields",
  "selfLink",
];
const serverAnnotations = [
  "deployment.kubernetes.io/revision",
  "kubectl.kubernetes.io/last-applied-configuration",
  "pv.kubernetes.io/bind-completed",
  "pv.kubernetes.io/bound-by-controller",
];

/** Inputs for an object that is imported: all of it but what only the server writes. */
export function importedInputs(live: Manifest): Manifest {
  const { status: _status, ...rest } = live;
  const metadata: PropertyMap = { ...(metadataOf(live) as PropertyMap) };
  for (const key of serverMetadata) delete metadata[key];
  if (isMap(metadata.annotations)) {
    const kept = Object.entries(metadata.annotations).filter(([key]) => !serverAnnotations.includes(key));
    if (kept.length > 0) metadata.annotations = Object.fromEntries(kept);
    else delete metadata.annotations;
  }
  return { ...rest, metadata };
}
