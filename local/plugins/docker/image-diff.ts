import type { DiffKind } from "../protocol/resource-provider.ts";
import { formatPath, isMap, type PropertyMap, type PropertyPath, type Value } from "../protocol/values.ts";

/** Inputs that change how an image is pushed, but not its content or its name. */
const credentials = new Set(["registry.username", "registry.password"]);

/**
 * Compares two sets of checked inputs. A docker.Image is never replaced, so every change is an update. Changed credentials
 * do not count; an unknown value counts as a change.
 */
export function diffImage(olds: PropertyMap, news: PropertyMap): Map<string, DiffKind> {
  const changes = new Map<string, DiffKind>();
  compare(olds, news, [], changes);
  // The SDK sends false for these inputs when the program does not set them.
  for (const flag of ["skipPush", "buildOnPreview"]) {
    if (Boolean(olds[flag]) === Boolean(news[flag])) changes.delete(flag);
  }
  return changes;
}

function compare(
  old: Value | undefined,
  next: Value | undefined,
  path: PropertyPath,
  changes: Map<string, DiffKind>,
): void {
  const name = formatPath(path);
  if (credentials.has(name) || name.startsWith("__") || name.includes(".__")) return;
  const [left, right] = [old ?? undefined, next ?? undefined];
  if (isMap(left) || isMap(right)) {
    if ((isMap(left) || left === undefined) && (isMap(right) || right === undefined)) {
      for (const key of new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])) {
        compare(left?.[key], right?.[key], [...path, key], changes);
      }
      return;
    }
  }
  if (JSON.stringify(left) === JSON.stringify(right)) return;
  changes.set(name, left === undefined ? "add" : right === undefined ? "delete" : "update");
}
