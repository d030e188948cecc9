import { clientZones } from "../config/gateway-memory.ts";
import { KiB } from "../config/units.ts";
import type { Directives } from "./directives.ts";
import { errorLocation } from "./error-responses.ts";
import type { NginxSettings } from "./settings.ts";

/**
 * Status of `limit_conn`, which clients never see. Nginx has a single status for all zones of `limit_conn`, but a client
 * with too many requests gets a 429, and a body without room a 503.
 */
const limited = 529;
const limitedPath = "/.edge/limited";

/** What the class of a body is (`buffered-bodies.ts`) when the limit of its client refused the request before. */
export const refusedClient = "client";

/**
 * Limits the requests of each client: those in progress, and those of a second. It must come before the limits of bodies,
 * which compute the body's class only for a request that the client's limit let pass.
 */
export function clientRates(settings: NginxSettings): Directives {
  const { requestsPerSecond, concurrentRequests, burst = requestsPerSecond } = settings.limits;
  if (requestsPerSecond === undefined && concurrentRequests === undefined) return {};
  const zones = clientZones(settings);
  const http = [
    `# One subscriber has an IPv6 network of at least 64 bits, and any address of it. An IPv4 address may be written as IPv6.
map $binary_remote_addr $client {
  default $binary_remote_addr;
  "~^\\x00{10}\\xff{2}([\\x00-\\xff]{4})$" $1;
  "~^([\\x00-\\xff]{8})[\\x00-\\xff]{8}$" $1;
}`,
  ];
  const api: string[] = [];
  if (requestsPerSecond !== undefined) {
    http.push(
      `limit_req_zone $client zone=client_rates:${zones.rates / KiB}k rate=${requestsPerSecond}r/s;`,
      "limit_req_status 429;",
    );
    api.push(`limit_req zone=client_rates${burst === 0 ? "" : ` burst=${burst} nodelay`};`);
  }
  if (concurrentRequests === undefined) return { http: http.join("\n"), api: api.join("\n") };
  http.push(
    `limit_conn_zone $client zone=client_requests:${zones.concurrent / KiB}k;`,
    `limit_conn_status ${limited};`,
  );
  api.push(`limit_conn client_requests ${concurrentRequests};`);
  return {
    http: http.join("\n"),
    api: api.join("\n"),
    server: `error_page ${limited} = ${limitedPath};

${errorLocation(settings, limitedPath, [
  [`$body_class = ${refusedClient}`, 429],
  ["", 503],
])}`,
  };
}
