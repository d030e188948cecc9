import type struct from "google-protobuf/google/protobuf/struct_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";

/** A JSON value for a provider: secrets are plain values, and an unknown value is the string `unknown`. */
export type Value = null | boolean | number | string | Value[] | PropertyMap;
export interface PropertyMap {
  [key: string]: Value;
}
/** Keys and array indexes from the root of a PropertyMap. */
export type PropertyPath = readonly (string | number)[];

/**
 * Properties of a resource: plain values, and the paths of the secrets among them. A path includes everything below it.
 * Paths that do not exist in `values` are ignored when the properties are sent.
 */
export interface Properties {
  readonly values: PropertyMap;
  readonly secretPaths: readonly PropertyPath[];
}

/** Represents a value that is known only after the deployment (sdk/go/common/resource/plugin: UnknownStringValue). */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The engine has a sentinel for each type. Providers get only the sentinel above. */
const sentinels = new Set([
  unknown,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";

/** Whether the value is a map of properties, and not a scalar, null or an array. */
export function isMap(value: unknown): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the value or a part of it is unknown. */
export function containsUnknown(value: Value | undefined): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  return isMap(value) && Object.values(value).some(containsUnknown);
}

/** Formats a path for the engine: `build.args.GREETING`, `build.args["app.conf"]`. */
export function formatPath(path: PropertyPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

function decodeValue(value: Value, path: PropertyPath, secretPaths: PropertyPath[]): Value {
  if (typeof value === "string") return sentinels.has(value) ? unknown : value;
  if (Array.isArray(value))
    return value.map((item, index) => decodeValue(item, [...path, index], secretPaths));
  if (!isMap(value)) return value;
  switch (value[signatureKey]) {
    case secretSignature:
      secretPaths.push(path);
      return decodeValue(value.value ?? null, path, secretPaths);
    case outputSignature:
      if (value.secret === true) secretPaths.push(path);
      return "value" in value ? decodeValue(value.value ?? null, path, secretPaths) : unknown;
    case resourceSignature:
      return decodeValue(value.id ?? value.urn ?? null, path, secretPaths);
  }
  const decoded: PropertyMap = {};
  for (const [key, item] of Object.entries(value)) {
    decoded[key] = decodeValue(item, [...path, key], secretPaths);
  }
  return decoded;
}

/** Converts a message of the engine: plain values instead of secrets and outputs, and one sentinel for unknown values. */
export function decodeProperties(raw: PropertyMap): Properties {
  const secretPaths: PropertyPath[] = [];
  return { values: decodeValue(raw, [], secretPaths) as PropertyMap, secretPaths };
}

const isSecretAt = (path: PropertyPath, secretPaths: readonly PropertyPath[]): boolean =>
  secretPaths.some((secret) => secret.length === path.length && secret.every((key, i) => key === path[i]));

function encodeValue(value: Value, path: PropertyPath, secretPaths: readonly PropertyPath[]): Value {
  if (path.length > 0 && isSecretAt(path, secretPaths)) {
    return { [signatureKey]: secretSignature, value: encodeValue(value, path, []) };
  }
  if (Array.isArray(value))
    return value.map((item, index) => encodeValue(item, [...path, index], secretPaths));
  if (!isMap(value)) return value;
  const encoded: PropertyMap = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) encoded[key] = encodeValue(item, [...path, key], secretPaths);
  }
  return encoded;
}

/** The reverse of `decodeProperties`. The root itself cannot be secret. */
export function encodeProperties(properties: Properties): PropertyMap {
  return encodeValue(properties.values, [], properties.secretPaths) as PropertyMap;
}

/** Reads the Struct of a message; a missing Struct is empty. */
export function fromStruct(message: struct.Struct | undefined): Properties {
  return decodeProperties((message?.toJavaScript() ?? {}) as PropertyMap);
}

/** Writes properties into the Struct of a message. */
export function toStruct(properties: Properties): struct.Struct {
  return structPb.Struct.fromJavaScript(
    encodeProperties(properties) as { [key: string]: structPb.JavaScriptValue },
  );
}
