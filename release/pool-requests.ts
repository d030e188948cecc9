import type { StackCounters } from "../loadtest/observe/stack-counters.ts";
import type { PoolRequests } from "./gate-results.ts";

const metric = "http_requests_total";

/** Requests that the pods of a pool have answered between two moments. A pod that restarted counts from 0 again. */
export function requestsBetween(before: StackCounters, after: StackCounters): PoolRequests {
  const sum: PoolRequests = { requests: 0, failed: 0 };
  for (const [pod, samples] of after.api) {
    const earlier = totalsOf(before.api.get(pod));
    const now = totalsOf(samples);
    const restarted = now.requests < earlier.requests;
    sum.requests += now.requests - (restarted ? 0 : earlier.requests);
    sum.failed += now.failed - (restarted ? 0 : Math.min(now.failed, earlier.failed));
  }
  return sum;
}

function totalsOf(
  samples: StackCounters["api"] extends Map<string, infer Samples> ? Samples | undefined : never,
) {
  const totals: PoolRequests = { requests: 0, failed: 0 };
  for (const { name, labels, value } of samples ?? []) {
    if (name !== metric) continue;
    totals.requests += value;
    if (/^5/.test(labels.status ?? "")) totals.failed += value;
  }
  return totals;
}
