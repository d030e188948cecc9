import { notServed } from "./api-path.ts";
import { type Directives, indented } from "./directives.ts";
import { allowedMethods } from "./methods.ts";
import { refusedRetry } from "./retries.ts";
import { errorHeaders } from "./security-headers.ts";
import type { NginxSettings } from "./settings.ts";

/** An error that Nginx itself responds with, in the form of the API's errors. */
interface EdgeError {
  reason: string;
  /** Text for the client, or an Nginx variable. */
  message: string;
}

/** Path that the error pages are redirected to; clients cannot reach it. */
export const errorPath = "/.edge/error";

/**
 * Every status that Nginx can respond with itself; it closes the connection of a request that stalls (408) without a
 * response. The responses of pods keep their own bodies, because errors of pods are
 * not intercepted.
 */
const errors: Readonly<Record<number, EdgeError>> = {
  400: { reason: "Bad Request", message: "the request is not HTTP as this server speaks it" },
  403: { reason: "Forbidden", message: "the request is not allowed" },
  404: { reason: "Not Found", message: "$edge_not_served" },
  405: { reason: "Method Not Allowed", message: "this server does not take the method" },
  409: { reason: "Conflict", message: "the request cannot be served now" },
  411: { reason: "Length Required", message: "the length of the body is missing" },
  412: { reason: "Precondition Failed", message: "a condition of the request is not met" },
  413: { reason: "Payload Too Large", message: "the body is larger than what is taken here" },
  414: { reason: "URI Too Long", message: "the address is longer than what is taken here" },
  415: { reason: "Unsupported Media Type", message: "the type of the body is not taken here" },
  416: { reason: "Range Not Satisfiable", message: "the range cannot be served" },
  421: { reason: "Misdirected Request", message: "this server does not serve the host" },
  429: { reason: "Too Many Requests", message: "this client sends too many requests right now" },
  431: {
    reason: "Request Header Fields Too Large",
    message: "the headers are larger than what is taken here",
  },
  500: { reason: "Internal Server Error", message: "the gateway cannot serve the request right now" },
  501: { reason: "Not Implemented", message: "this server does not know what the request asks for" },
  503: { reason: "Service Unavailable", message: "$edge_unavailable" },
  504: { reason: "Gateway Timeout", message: "the API pod did not answer in time" },
  505: { reason: "HTTP Version Not Supported", message: "this server speaks HTTP/1.0 and HTTP/1.1" },
  507: { reason: "Insufficient Storage", message: "there is no room for the body right now" },
};

/** A 504 comes here when there is no other attempt (`retries.ts`). */
const ownStatuses = Object.keys(errors).filter((status) => status !== "504");

/**
 * Each error that Nginx makes itself becomes the API's JSON, with the request id. The page is an internal path, because a
 * named location has no URI for a request that Nginx cannot read, and responds with 500
 * (docs/decisions.md#edge-error-pages).
 */
export function errorResponses(settings: NginxSettings): Directives {
  return {
    http: `map $status $edge_reason {
  default "Error";
${lines(({ reason }) => reason)}
}
map $status $edge_message {
  default "the gateway cannot serve the request";
${lines(({ message }) => message)}
}
map $limit_conn_status $edge_unavailable {
  default "no API pod can answer right now";
  REJECTED "too many requests or large bodies arrive right now";
}
map $status $edge_not_served {
  default "${notServed(settings.paths)}";
}
# A header with an empty value is not sent.
map $status $edge_retry_after {
  429 1;
  503 1;
}
map $status $edge_allow {
  405 "${allowedMethods(settings)}";
}`,
    server: `error_page ${ownStatuses.join(" ")} ${errorPath};
error_page 494 =431 ${errorPath};
# A pod that cannot be reached, or that ended the connection; a pod that did not answer in time.
error_page ${refusedRetry[502]} =503 ${errorPath};
error_page ${refusedRetry[504]} =504 ${errorPath};

${errorLocation(settings, errorPath, [["", 200]])}`,
  };
}

/**
 * A location that error pages are redirected to. Its response is in the form of the API's errors.
 *
 * @param statuses a status for each condition, the last one without; it counts only for error pages with `=`.
 */
export function errorLocation(
  settings: Pick<NginxSettings, "securityHeaders" | "tls">,
  path: string,
  statuses: readonly [condition: string, status: number][],
): string {
  const lines = statuses.map(([condition, status]) => {
    const line = `return ${status} '{"error":"$edge_reason","message":"$edge_message","requestId":"$request_id_to_pod"}';`;
    return condition === "" ? line : `if (${condition}) {\n  ${line}\n}`;
  });
  return `location = ${path} {
  internal;
  default_type "application/json; charset=utf-8";
${indented(errorHeaders(settings), 2)}
  add_header X-Request-ID $request_id_to_pod always;
  add_header Retry-After $edge_retry_after always;
  add_header Allow $edge_allow always;
${indented(lines.join("\n"), 2)}
}`;
}

function lines(text: (error: EdgeError) => string): string {
  return Object.entries(errors)
    .map(([status, error]) => {
      const value = text(error);
      return `  ${status} ${value.startsWith("$") ? value : `"${value}"`};`;
    })
    .join("\n");
}
