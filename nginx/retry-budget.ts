import { hasRetryBudget } from "../config/retry-budget.ts";
import type { Directives } from "./directives.ts";
import type { NginxSettings } from "./settings.ts";

/** Share in percent of the requests that are counted. A program for each request would cost as much as the rest of it. */
const countedPercent = 1;

/**
 * Counts requests to pods, and decides whether a request may reach a second one (docs/decisions.md#retry-budget). The
 * program runs when a pod has failed, and at the end of every hundredth request.
 */
export function retryBudget(settings: Pick<NginxSettings, "methods" | "retryBudget">): Directives {
  if (!hasRetryBudget(settings)) return {};
  const { percent, perSecond } = settings.retryBudget;
  return {
    http: `# A request keeps its JavaScript until its end: 24 KiB with this engine, 100 KiB with the other one.
js_engine njs;
js_import retry_budget from retry-budget.js;
js_shared_dict_zone zone=retries:32k timeout=60s evict type=number;
# Percent of the requests, requests in a second, and requests that a counted one stands for.
map "" $retry_budget {
  default ${percent}/${perSecond}/${100 / countedPercent};
}
# Empty when there may be another attempt, which it counts.
js_set $over_budget retry_budget.refuse nocache;
js_set $count_request retry_budget.count;
split_clients "count$request_id" $is_counted {
  ${countedPercent}% 1;
  * "";
}
map $is_counted $counted_request {
  1 $count_request;
}
${countLog}`,
  };
}

/** A log that never has a line: its condition counts the request. */
const countLog = "access_log /dev/null combined if=$counted_request;";

/** The log with which a server that has logs of its own counts its requests. */
export function countedRequests(settings: Pick<NginxSettings, "methods" | "retryBudget">): Directives {
  return hasRetryBudget(settings) ? { server: countLog } : {};
}
