import { isMap, type PropertyMap, unknown, type Value, valueAt } from "../protocol/values.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError, isAlreadyExists, isNotFound } from "./api-error.ts";
import { applyAs, createManager, takeOver } from "./field-manager.ts";
import { type Manifest, metadataOf, withMetadata, withoutNulls } from "./manifest.ts";
import type { ResourceType } from "./resource-type.ts";

/** A definition or the default ServiceAccount of a namespace may be a moment behind. */
const lateDelaysMs = [250, 500, 1000, 2000, 4000];

/** What is sent: the inputs without nulls. */
export function bodyOf(inputs: Manifest): Manifest {
  return withoutNulls(inputs) as Manifest;
}

/** The object's own path. */
export async function pathOf(api: ApiClient, type: ResourceType, manifest: Manifest): Promise<string> {
  const { namespace, name } = metadataOf(manifest);
  return await api.pathOf(type, namespace, name);
}

/** The live object; undefined when there is none. */
export async function findObject(
  api: ApiClient,
  type: ResourceType,
  namespace: string | undefined,
  name: string,
): Promise<Manifest | undefined> {
  try {
    return await api.get<Manifest>(await api.pathOf(type, namespace, name));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Creates the object.
 *
 * @throws {Error} with advice when it exists already, ApiError for other refusals.
 */
export async function createObject(
  api: ApiClient,
  type: ResourceType,
  token: string,
  inputs: Manifest,
): Promise<Manifest> {
  for (const delay of [...lateDelaysMs, undefined]) {
    try {
      const path = await api.pathOf(type, metadataOf(inputs).namespace);
      return await api.create(path, bodyOf(inputs), { fieldManager: createManager });
    } catch (error) {
      if (isAlreadyExists(error)) throw existsAlready(error, token, inputs);
      if (delay === undefined || !isLate(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
  throw new Error("unreachable");
}

const isLate = (error: unknown): boolean =>
  error instanceof ApiError &&
  (/^no matches for kind/.test(error.message) ||
    (error.code === 403 && /serviceaccount "?default"? not found/i.test(error.message)));

function existsAlready(error: Error, token: string, inputs: Manifest): Error {
  const { namespace, name } = metadataOf(inputs);
  const id = namespace ? `${namespace}/${name}` : name;
  return new Error(
    `${error.message}. Adopt it with \`pulumi import ${token} <name> ${id}\`, or take it over as the program has it with ` +
      'the annotation pulumi.com/patchForce: "true", or choose another metadata.name.',
    { cause: error },
  );
}

/**
 * Returns the result of a creation without creating; undefined where only the deployment shows it: the namespace or the kind
 * is yet to come.
 *
 * @throws {ApiError} when the object is invalid.
 */
export async function dryRunCreate(
  api: ApiClient,
  type: ResourceType,
  inputs: Manifest,
): Promise<Manifest | undefined> {
  const query = { fieldManager: createManager, dryRun: "All" };
  try {
    const path = await api.pathOf(type, metadataOf(inputs).namespace);
    try {
      return await api.create(path, bodyOf(inputs), query);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      // Before a replacement the old object still has the name; validate under another one.
      const { name } = metadataOf(inputs);
      const metadata = { ...(metadataOf(bodyOf(inputs)) as PropertyMap), generateName: "preview-" };
      delete (metadata as PropertyMap).name;
      const made = await api.create(path, { ...bodyOf(inputs), metadata }, query);
      const renamed = { ...(metadataOf(made) as PropertyMap), name: name ?? unknown };
      delete (renamed as PropertyMap).generateName;
      return { ...made, metadata: renamed };
    }
  } catch (error) {
    if (isNotFound(error) || isLate(error)) return undefined;
    // A Service that is to be replaced still holds its port and address.
    if (error instanceof ApiError && /already allocated/.test(error.message)) return undefined;
    throw error;
  }
}

export interface UpdateOptions {
  readonly manager: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Paths whose live value stays. */
  readonly ignoreChanges: readonly string[];
}

/** Applies `inputs` to the object, which is made anew when it is gone. */
export async function updateObject(
  api: ApiClient,
  type: ResourceType,
  inputs: Manifest,
  { manager, force, dryRun, ignoreChanges }: UpdateOptions,
): Promise<Manifest> {
  const path = await pathOf(api, type, inputs);
  const { namespace, name = "" } = metadataOf(inputs);
  const live = await findObject(api, type, namespace, name);
  if (live && !dryRun) await takeOver(api, path, live, manager);
  let body = bodyOf(inputs);
  for (const ignored of live ? ignoreChanges : [])
    body = keepLive(body, live, parsePath(ignored)) as Manifest;
  return await applyAs(api, path, body, { manager, force, dryRun });
}

/** Reads `spec.replicas`, `spec.ports[0].port`, `data["app.conf"]`; empty for wildcards, which stay the engine's. */
function parsePath(text: string): (string | number)[] {
  if (text.includes("*")) return [];
  return [...text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, key]) =>
    index !== undefined ? Number(index) : (quoted ?? key ?? "").replaceAll('\\"', '"'),
  );
}

/** `body` with the live value at `path`, which conflicts with nobody. What the body does not have is not added. */
function keepLive(body: Value, live: Value | undefined, path: readonly (string | number)[]): Value {
  const [key, ...rest] = path;
  if (key === undefined || valueAt(body, path) === undefined) return body;
  const liveValue = valueAt(live, [key]);
  if (liveValue === undefined) return body;
  if (Array.isArray(body)) {
    return body.map((item, i) =>
      i === key ? (rest.length ? keepLive(item, liveValue, rest) : liveValue) : item,
    );
  }
  if (!isMap(body)) return body;
  const item = body[key];
  if (item === undefined) return body;
  return { ...body, [key]: rest.length ? keepLive(item, liveValue, rest) : liveValue };
}

/**
 * Deletes in the foreground.
 *
 * @returns the object that is going, undefined when there was none.
 */
export async function deleteObject(
  api: ApiClient,
  type: ResourceType,
  object: Manifest,
  propagationPolicy: string,
): Promise<Manifest | undefined> {
  const { namespace, name = "" } = metadataOf(object);
  const live = await findObject(api, type, namespace, name);
  if (!live) return undefined;
  try {
    await api.delete(await api.pathOf(type, namespace, name), { propagationPolicy });
    return live;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The inputs, named as they will be, for a kind that needs its namespace filled in. */
export function withNamespace(inputs: Manifest, namespace: string): Manifest {
  return metadataOf(inputs).namespace === undefined ? withMetadata(inputs, { namespace }) : inputs;
}
