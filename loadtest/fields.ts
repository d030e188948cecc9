/** Kinds of values in JSON that a reader may require. */
export type FieldKind = "string" | "number" | "object" | "array";

/** The value at a dotted path; undefined when a part of the path is missing. */
export function fieldAt(json: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((parent, key) => (parent as Record<string, unknown> | null)?.[key], json);
}

/** The problems of fields that are missing or have another kind. */
export function wrongFields(json: unknown, kind: FieldKind, paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const value = fieldAt(json, path);
    const found = Array.isArray(value) ? "array" : typeof value;
    if (found === kind && value !== null) return [];
    return [`${path} is ${value === undefined ? "missing" : `not a ${kind}`}`];
  });
}
