import type { DiffKind } from "../protocol/resource-provider.ts";
import { formatPath, isMap, type PropertyPath, type Value } from "../protocol/values.ts";
import { isAutonamed, type Manifest, metadataOf } from "./manifest.ts";
import { isEmpty, sameScalar } from "./normalize.ts";

type PlainKind = "add" | "delete" | "update";
export interface Change {
  readonly path: PropertyPath;
  readonly kind: PlainKind;
}

/** Where two manifests differ, as deep as possible. Differences that the API server does not keep are none. */
export function changesBetween(
  old: Value | undefined,
  now: Value | undefined,
  path: PropertyPath = [],
): Change[] {
  if (isEmpty(old) && isEmpty(now)) return [];
  if (old === undefined || old === null) return [{ path, kind: "add" }];
  if (now === undefined || now === null) return [{ path, kind: "delete" }];
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length);
    return Array.from({ length }, (_, i) => changesBetween(old[i], now[i], [...path, i])).flat();
  }
  if (isMap(old) && isMap(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
    return keys.flatMap((key) => changesBetween(old[key], now[key], [...path, key]));
  }
  return sameScalar(old, now, path) ? [] : [{ path, kind: "update" }];
}

/** The changes for the engine, those that `replaces` names marked so. */
export function detailedDiff(
  changes: readonly Change[],
  replaces: (path: PropertyPath) => boolean,
): Map<string, DiffKind> {
  return new Map(
    changes.map(({ path, kind }) => [formatPath(path), replaces(path) ? (`${kind}-replace` as const) : kind]),
  );
}

/** A name that the program gave can only be taken again once the old object is gone. */
export function mustDeleteFirst(oldInputs: Manifest, newInputs: Manifest): boolean {
  const old = metadataOf(oldInputs);
  const now = metadataOf(newInputs);
  return !isAutonamed(newInputs) && old.name === now.name && old.namespace === now.namespace;
}
