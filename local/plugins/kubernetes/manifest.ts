import { createHash, randomBytes } from "node:crypto";
import { isMap, type PropertyMap, unknown, type Value } from "../protocol/values.ts";

/** A Kubernetes object or the inputs of one, as plain JSON. */
export type Manifest = PropertyMap;

export const autonamedAnnotation = "pulumi.com/autonamed";

/** The part of `metadata` that this plugin looks at. Anything may be missing or unknown in inputs. */
export interface Metadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: string[];
  readonly annotations?: Record<string, string>;
  readonly labels?: Record<string, string>;
}

/** `metadata` of an object; empty when absent or unknown. */
export function metadataOf(manifest: Manifest): Metadata {
  return isMap(manifest.metadata) ? (manifest.metadata as Metadata) : {};
}

/** A pulumi.com/… annotation that steers this plugin; undefined when absent. */
export function annotationOf(manifest: Manifest, key: string): string | undefined {
  const annotations = metadataOf(manifest).annotations;
  return isMap(annotations as Value) ? annotations?.[key] : undefined;
}

/** Drops null members, which programs write for "not set"; the API server would take them as an order to clear. */
export function withoutNulls(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMap(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}

/** Copies `manifest` with these members of `metadata` set. An unknown `metadata` stays unknown. */
export function withMetadata(manifest: Manifest, set: Metadata): Manifest {
  if (manifest.metadata === unknown) return manifest;
  return { ...manifest, metadata: { ...(metadataOf(manifest) as PropertyMap), ...(set as PropertyMap) } };
}

/** True where this plugin made the name up, so that a replacement may live beside the old object. */
export function isAutonamed(manifest: Manifest): boolean {
  return annotationOf(manifest, autonamedAnnotation) === "true";
}

/** Eight hex digits; the same for the same seed and use, random without a seed. */
export function hexSuffix(seed: Uint8Array, use: string): string {
  if (seed.length === 0) return randomBytes(4).toString("hex");
  return createHash("sha256").update(seed).update(use).digest("hex").slice(0, 8);
}

/** Names an object that has no name: the name that an autonamed predecessor has, else `proposed`. */
export function autonamed(inputs: Manifest, olds: Manifest, proposed: string): Manifest {
  if (metadataOf(inputs).name !== undefined || inputs.metadata === unknown) return inputs;
  const kept = isAutonamed(olds) ? metadataOf(olds).name : undefined;
  const annotations = { ...metadataOf(inputs).annotations, [autonamedAnnotation]: "true" };
  return withMetadata(inputs, { name: kept ?? proposed, annotations });
}

/** A DNS-1123 name of at most 63 characters from a logical name and a suffix. */
export function objectName(logicalName: string, suffix: string): string {
  return `${logicalName.slice(0, 62 - suffix.length)}-${suffix}`;
}

/** The resource's ID: `namespace/name`, or `name` for cluster-scoped objects. */
export function formatId(manifest: Manifest): string {
  const { namespace, name = "" } = metadataOf(manifest);
  return namespace ? `${namespace}/${name}` : name;
}

/** Reads an ID; namespaced kinds without a namespace in it lie in `default`. */
export function parseId(id: string): { namespace?: string; name: string } {
  const slash = id.indexOf("/");
  return slash < 0 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}
