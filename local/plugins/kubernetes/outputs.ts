import {
  isMap,
  type Properties,
  type PropertyMap,
  type PropertyPath,
  unknown,
  type Value,
} from "../protocol/values.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

/** What the state holds beside the object. */
export interface Bookkeeping {
  readonly inputs: Properties;
  readonly initialApiVersion: string;
  /** Absent for an imported object that was never applied. */
  readonly fieldManager?: string;
}

const isSecret = (manifest: Manifest): boolean => manifest.kind === "Secret" && manifest.apiVersion === "v1";

/** The paths of `inputs` that are secret, with the data of a Secret always among them. */
export function secretInputPaths(inputs: Properties): readonly PropertyPath[] {
  return isSecret(inputs.values) ? [...inputs.secretPaths, ["data"], ["stringData"]] : inputs.secretPaths;
}

/** The state of a resource: the live object and the bookkeeping; what is secret in the inputs is secret here twice. */
export function stateOf(
  live: Manifest,
  { inputs, initialApiVersion, fieldManager }: Bookkeeping,
): Properties {
  const values: PropertyMap = {
    ...live,
    __inputs: inputs.values,
    __initialApiVersion: initialApiVersion,
    ...(fieldManager ? { __fieldManager: fieldManager } : {}),
  };
  const paths = secretInputPaths(inputs);
  const lastApplied = ["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"];
  return {
    values,
    secretPaths: [
      ...paths,
      ...paths.map((path) => ["__inputs", ...path]),
      ...(isSecret(live) ? [["data"], ["stringData"], lastApplied] : []),
    ],
  };
}

/** The object without the bookkeeping. */
export function liveOf(state: PropertyMap): Manifest {
  return Object.fromEntries(Object.entries(state).filter(([key]) => !key.startsWith("__")));
}

/** `over` laid on `base`, maps merged and everything else replaced. */
export function merged(base: Value | undefined, over: Value): Value {
  if (!isMap(base) || !isMap(over)) return over;
  const result: PropertyMap = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = merged(base[key], value);
  return result;
}

const madeByServer = ["uid", "resourceVersion", "creationTimestamp", "generation"];
const specMadeByServer: Record<string, readonly string[]> = {
  Service: ["clusterIP", "clusterIPs"],
  PersistentVolumeClaim: ["volumeName"],
  Pod: ["nodeName"],
};

/** What a preview shows of an object that does not exist yet: its fields, and unknown what only the server will say. */
export function previewOfNew(object: Manifest, inputs: Manifest): Manifest {
  const metadata: PropertyMap = { ...(metadataOf(object) as PropertyMap) };
  delete metadata.managedFields;
  for (const key of madeByServer) metadata[key] = unknown;
  const spec = isMap(object.spec) ? { ...object.spec } : object.spec;
  if (isMap(spec)) {
    const given = isMap(inputs.spec) ? inputs.spec : {};
    for (const key of specMadeByServer[String(inputs.kind)] ?? [])
      if (given[key] === undefined) spec[key] = unknown;
  }
  const shown: Manifest = {
    ...object,
    ...(object.metadata === unknown ? {} : { metadata }),
    status: unknown,
  };
  if (spec !== undefined) shown.spec = spec;
  return shown;
}
