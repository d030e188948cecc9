/** A version as numbers, compared from the left: `[1, 31, 0]`. */
type Version = readonly number[];

/**
 * The oldest Nginx that is supported. Upstreams follow DNS since 1.27.3, headers are inherited since 1.29.3 and counted since
 * 1.29.8; before 1.30.4, maps with regular expressions, which the gateway has, could write beyond their memory (CVE-2026-42533).
 */
export const oldestNginx = "1.30.4";
/** The oldest Nginx with `least_time`. */
export const leastTimeNginx = "1.31.0";

/**
 * The version in the tag of an image, such as `1.30` in `docker.io/library/nginx:1.30-alpine`; undefined for a tag without
 * a version (`stable`), a digest without a tag, and NGINX Plus (`r36`).
 */
export function imageVersion(image: string): string | undefined {
  return /:v?(\d+\.\d+(?:\.\d+)?)(?:[-_.][\w.-]*)?(?:@|$)/.exec(image)?.[1];
}

/** Whether a version is older than another. A tag without its last number means the newest version of the series. */
export function isOlder(version: string, than: string): boolean {
  const [own, other]: Version[] = [version, than].map((text) => text.split(".").map(Number));
  if (own === undefined || other === undefined) return false;
  const differs = other.findIndex((part, index) => (own[index] ?? Number.POSITIVE_INFINITY) !== part);
  return differs >= 0 && (own[differs] ?? Number.POSITIVE_INFINITY) < (other[differs] ?? 0);
}
