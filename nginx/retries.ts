import { hasRetryBudget, repeatedMethods } from "../config/retry-budget.ts";
import { escaped } from "./api-path.ts";
import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";
import { putPath } from "./uploads.ts";

/** Statuses that clients never see: another attempt is refused, and the last one failed with 502 or with 504. */
export const refusedRetry = { 502: 598, 504: 599 } as const;

/** Attempts in all, of which at most two reach different pods. Nginx allows a request ten redirects, and each takes two. */
const maxAttempts = 4;
const others = `{0,${maxAttempts - 2}}`;

const idempotent = `(?:${repeatedMethods.join("|")})`;

type RetrySettings = Pick<NginxSettings, "retryTimeouts" | "retryBudget" | "methods" | "paths">;

/**
 * The attempts after which there is another one: their addresses, statuses and sent bytes, and the request's method. Those
 * that a pod has received are bounded.
 */
function retried(settings: RetrySettings): string {
  const failed = settings.retryTimeouts ? "50[24]" : "502";
  const bounded = hasRetryBudget(settings) ? "$over_budget" : '""';
  const uploads = settings.paths.uploads.map((path) => `${escaped(path)}${path.endsWith("/") ? "" : "$"}`);
  const notUpload = uploads.length === 0 ? "" : `(?!${[...uploads, `${escaped(putPath)}$`].join("|")})`;
  return [
    // The last pod has received nothing, and at most one pod before it has received the request.
    [`[^|]*:\\d+`, `\\d+(?: : \\d+)${others}`, "(?:0 : )*(?:[1-9]\\d* : )?(?:0 : )*0", "[^|]*"],
    // Only the last pod has received the request, and ended the connection, or took too long.
    [`[^|]*:\\d+`, `(?:\\d+ : )${others}${failed}`, "(?:0 : )*[1-9]\\d*", idempotent],
    // It ended the connection, over several connections to one pod that were open when it ended.
    [`([^ |]+:\\d+)(?: : \\1)${others}`, "502(?: : 502)*", "[\\d :]*", idempotent],
  ]
    .map((parts, index) => `  "~^${parts.join("\\|")}\\|${notUpload}" ${index === 0 ? '""' : bounded};`)
    .join("\n");
}

/**
 * Another pod for a request whose pod failed. Nginx's own `proxy_next_upstream` does not count a failure on a connection
 * that was kept open, so a GET that ends its pod would reach every pod (docs/decisions.md#retries). Instead each attempt
 * is a request of its own, and the lists of all attempts decide about the next one. They are read only after a failure.
 *
 * While no pod has received the request, there are up to three more attempts. Afterwards there is one more pod, if the
 * method is idempotent and the pod ended the connection, or took too long and the option asks for it. `retry-budget.ts`
 * bounds the latter.
 */
export function retries(settings: RetrySettings): Directives {
  return {
    http: `# The attempts so far. An upstream's name as the address means that no pod is left. Nginx itself repeats uploads, none by PUT.
map "$upstream_addr|$upstream_status|$upstream_bytes_sent|$request_method|$uri" $refused_retry {
  volatile;
${retried(settings)}
  default 1;
}
map $upstream_status $failed_status {
  volatile;
  "~504$" 504;
  default 502;
}`,
    server: `proxy_next_upstream off;
recursive_error_pages on;
error_page 502 504 = @again;

location @again {
  if ($api_path = "") {
    return ${refusedRetry[502]};
  }
  # Read once for each attempt, because it counts the attempt. A directive "set" would read it twice.
  set $refused_status "";
  if ($refused_retry) {
    set $refused_status $failed_status;
  }
  if ($refused_status = 502) {
    return ${refusedRetry[502]};
  }
  if ($refused_status = 504) {
    return ${refusedRetry[504]};
  }
  rewrite ^ $uri last;
}`,
  };
}
