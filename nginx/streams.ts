import { streamLimit } from "../config/gateway-memory.ts";
import { hasTls } from "../config/sections/nginx-tls.ts";
import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

/**
 * Bounds the requests of HTTP/2 in progress. A request whose body has not arrived has no connection of its own, so the number of
 * connections bounds the memory of HTTP/1.1 only. It must come after the limits of each client, since the body's class shows
 * which limit refused the request (`client-rates.ts`).
 */
export function streams(settings: NginxSettings): Directives {
  if (!hasTls(settings.tls)) return {};
  return {
    http: `# The class of the body is computed here, when the limits of its client have let the request pass.
map "$server_protocol:$body_class" $stream {
  "~^HTTP/2" 1;
}
limit_conn_zone $stream zone=streams:32k;`,
    api: `limit_conn streams ${streamLimit(settings, settings.pools)};`,
  };
}
