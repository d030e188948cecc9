import { hasRetryBudget } from "../config/retry-budget.ts";
import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

/** One field of each line: its name, and its value in JSON. Values of several attempts are separated by " : ". */
const fields = [
  ["time", '"$time_iso8601"'],
  ["request", '"$request_id_to_pod"'],
  ["traceparent", '"$traceparent_to_pod"'],
  ["client", '"$remote_addr"'],
  ["method", '"$request_method"'],
  ["uri", '"$logged_uri"'],
  ["status", "$logged_status"],
  ["bytes", "$body_bytes_sent"],
  ["seconds", "$request_time"],
  ["attempts", "$logged_attempts"],
  ["pod", '"$upstream_addr"'],
  ["podStatus", '"$upstream_status"'],
  ["podConnectSeconds", '"$upstream_connect_time"'],
  ["podSeconds", '"$upstream_response_time"'],
  ["cache", '"$upstream_cache_status"'],
] as const;

/** Bytes that are UTF-8, as RFC 3629 has them. */
const utf8 = [
  "[\\x00-\\x7f]",
  "[\\xc2-\\xdf][\\x80-\\xbf]",
  "\\xe0[\\xa0-\\xbf][\\x80-\\xbf]",
  "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}",
  "\\xed[\\x80-\\x9f][\\x80-\\xbf]",
  "\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}",
  "[\\xf1-\\xf3][\\x80-\\xbf]{3}",
  "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}",
].join("|");

/** One line of JSON for each request, or no log but those of the metrics and of the retries. */
export function accessLog(
  settings: Pick<NginxSettings, "accessLog" | "metrics" | "methods" | "retryBudget">,
): Directives {
  if (!settings.accessLog)
    return settings.metrics || hasRetryBudget(settings) ? {} : { http: "access_log off;" };
  const line = fields.map(([name, value]) => `"${name}":${value}`).join(",");
  return {
    http: `# Nginx logs bytes above ASCII as they are. An address that is no UTF-8 ends before the first byte that is none.
map $request_uri $logged_uri {
  "~^[\\x00-\\x7f]*+$" $request_uri;
  "~^((?:${utf8})*+)$" $request_uri;
  "~^((?:${utf8})*+)" $1\ufffd;
}
# A number in JSON does not begin with a zero.
map $status $logged_status {
  000 0;
  009 9;
  default $status;
}
map $upstream_addr $logged_attempts {
  "" 0;
  "~(?:(?:,| :) .*){3}" 4;
  "~(?:(?:,| :) .*){2}" 3;
  "~(?:,| :) " 2;
  # The upstream's name instead of an address: Nginx knew no pod.
  "~:\\d+$" 1;
  default 0;
}
log_format line escape=json '{${line}}';
access_log /dev/stdout line buffer=32k flush=1s;`,
  };
}
