/** A version: major, minor, patch. */
export type Version = readonly [major: number, minor: number, patch: number];

/** Finds the first version in a text such as `go version go1.26.8 linux/amd64`. @returns undefined when there is none. */
export function findVersion(text: string): Version | undefined {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return undefined;
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Returns a negative number when `a` is older than `b`, 0 when they are equal, a positive number when `a` is newer. */
export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/**
 * Whether a version can replace a pinned version: it has the same major and minor version. With `oldest`, for compatible
 * tools, it has the same major version and is not older than `oldest`.
 */
export function isAccepted(found: Version, pinned: Version, oldest?: Version): boolean {
  if (found[0] !== pinned[0]) return false;
  if (oldest !== undefined) return compareVersions(found, oldest) >= 0;
  return found[1] === pinned[1];
}

/** Formats a version like `1.34.4`. */
export function formatVersion(version: Version): string {
  return version.join(".");
}
