import { posix } from "node:path";
import type { TextFile } from "./text-files.ts";

const importSource = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/**
 * Circles of imports between files. Type imports count, because they bind two files together as well.
 *
 * @param files all source files; imports of anything else are ignored
 * @returns the files of each circle, sorted
 */
export function importCircles(files: readonly TextFile[]): string[][] {
  const imports = new Map(files.map(({ path, text }) => [path, importsOf(path, text)]));
  // A file that imports none of the remaining files is in no circle.
  for (let before = -1; before !== imports.size; ) {
    before = imports.size;
    for (const [path, targets] of imports)
      if (!targets.some((target) => imports.has(target))) imports.delete(path);
  }
  const circles = new Map<string, string[]>();
  for (const path of imports.keys()) {
    const circle = [...imports.keys()].filter(
      (other) => reaches(path, other, imports) && reaches(other, path, imports),
    );
    if (circle.length > 0) circles.set(circle.sort().join(), circle);
  }
  return [...circles.values()];
}

function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(importSource)].map(([, source = ""]) =>
    posix.normalize(posix.join(posix.dirname(path), source)),
  );
}

/** Whether `to` can be reached from `from` by one or more imports. */
function reaches(from: string, to: string, imports: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const next = [...(imports.get(from) ?? [])];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (path === to) return true;
    if (seen.has(path)) continue;
    seen.add(path);
    next.push(...(imports.get(path) ?? []));
  }
  return false;
}
