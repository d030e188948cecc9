import { headerBuffers } from "../config/gateway-memory.ts";
import { timeOf } from "./directive-times.ts";
import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

/** Time since its last request for which a connection is kept open when the gateway's pod ends, in milliseconds. */
export const drainIdleMs = 5000;

/** What a client may send, and how slowly. */
export function clientLimits({ maxBody, limits }: Pick<NginxSettings, "maxBody" | "limits">): Directives {
  return {
    http: `# Slow or idle clients hold a connection no longer than this.
# The time for a header is that for all of it, the other times are those between two reads or writes.
client_header_timeout 10s;
client_body_timeout 30s;
send_timeout 30s;
keepalive_timeout 65s;
keepalive_requests 100000;
# A worker that ends answers on kept connections for so long, and closes each after its answer. Otherwise it would reset
# the request of a client that was just idle.
keepalive_min_timeout ${timeOf("keepalive_min_timeout", drainIdleMs)};
# What a client still sends after an error is read for so long, so that it can read the error.
lingering_time 10s;
lingering_timeout 2s;
reset_timedout_connection on;
client_max_body_size ${maxBody};
# A client decides how often it is refused, so a refusal writes no line in the log.
limit_conn_log_level info;
limit_req_log_level info;
large_client_header_buffers ${headerBuffers} ${limits.headerLine};
max_headers ${limits.headers};`,
  };
}
