import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";
import { apiUpstream } from "./sticky-pools.ts";

/**
 * Path of the start-up probe: it responds with 200 when a pod of the API answers. After 30 connections it responds with 200
 * without a pod, so that a gateway that starts during an outage serves its own errors. Before it is ready, only the probe
 * connects to it, once in a second, and each time to one pod (docs/decisions.md#gateway-start).
 */
export const startPath = "/healthz/started";

/** Path of the liveness probe. It is not that of the readiness probe, which load balancers may ask, too. */
export const alivePath = "/healthz/alive";

/** The gateway's own probes. */
export function health(settings: NginxSettings): Directives {
  return {
    http: `map $connection $is_started {
  default 1;
  "~^[12]?\\d$" "";
}`,
    server: `location = /healthz {
  access_log off;
  default_type text/plain;
  return 200 "ok\\n";
}

location = ${alivePath} {
  access_log off;
  return 204;
}

location = ${startPath} {
  access_log off;
  default_type text/plain;
  if ($is_started) {
    return 200 "ok\\n";
  }
  proxy_pass http://${apiUpstream(settings)}${settings.livePath ?? "/livez"};
}`,
  };
}
