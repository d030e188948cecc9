import type { PlannedRequest } from "./planned-request.ts";

/** Prefix of the endpoint's paths, without a trailing slash. */
export function pathPrefix(endpoint: string): string {
  return new URL(endpoint).pathname.replace(/\/$/, "");
}

/** A request in the form that both HTTP clients take. */
export interface HttpForm {
  method: PlannedRequest["method"];
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer;
}

/** Content type of a body that names none. */
export const jsonType = "application/json";

/** Brings requests into the form that both HTTP clients take. */
export function httpForm({
  endpoint,
  removedBase = "",
}: {
  endpoint: string;
  removedBase?: string;
}): (request: PlannedRequest) => HttpForm {
  const prefix = pathPrefix(endpoint);
  return ({ id, method, path: own, body, headers }) => {
    const path = prefix + (own.startsWith(`${removedBase}/`) ? own.slice(removedBase.length) : own);
    if (body === undefined) return { method, path, headers: { ...headers, "x-request-id": id } };
    return { method, path, body, headers: { "content-type": jsonType, ...headers, "x-request-id": id } };
  };
}
