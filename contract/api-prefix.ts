/** Prefixes that the gateway can serve an API's paths under. The first one is removed before a request reaches a pod. */
export const apiPrefixes = ["/api/", "/"] as const;

/** Prefix that the gateway serves an API's paths under. */
export type ApiPrefix = (typeof apiPrefixes)[number];

/** What precedes the API's own paths at the gateway: `/api`, or nothing. */
export function apiBase(prefix: ApiPrefix = "/api/"): "/api" | "" {
  return prefix === "/" ? "" : "/api";
}

/** A path as clients of the gateway request it. @param path with or without the prefix */
export function atGateway(path: string, prefix: ApiPrefix = "/api/"): string {
  const base = apiBase(prefix);
  return path === base || path.startsWith(`${base}/`) ? path : `${base}${path}`;
}
