import { LatencyHistogram } from "./latency-histogram.ts";
import { mergeProcesses, type ProcessData, type ProcessSampler } from "./process-stats.ts";
import { mergeRouteStats, type RouteStats, type RouteStatsData } from "./route-stats.ts";

/**
 * Stats of one part of the API. The stats of several processes are added up; of values whose name ends in DelayMs or
 * Percent, the maximum is taken.
 */
export type SourceStats = Record<string, number>;

/** Sources of the stats of one process. */
export interface StatsSources {
  routes: readonly Pick<RouteStats, "toData">[];
  process: Pick<ProcessSampler, "collect">;
  /** The stats of each part, by its name. */
  parts: Record<string, () => SourceStats>;
}

/** The stats of one process, or of several merged, as plain data. */
export interface StatsData {
  processes: number;
  routes: RouteStatsData[];
  process: ProcessData;
  parts: Record<string, SourceStats>;
}

/**
 * Collects the stats of this process.
 *
 * @param reset see {@link ProcessSampler.collect}
 */
export function collectStats(sources: StatsSources, reset = false): StatsData {
  return {
    processes: 1,
    routes: sources.routes.map((route) => route.toData()),
    process: sources.process.collect(reset),
    parts: Object.fromEntries(Object.entries(sources.parts).map(([name, read]) => [name, read()])),
  };
}

/** Merges the stats of one or more processes. */
export function mergeStatsData(all: readonly StatsData[]): StatsData {
  const parts: Record<string, SourceStats> = {};
  for (const [name, stats] of all.flatMap((data) => Object.entries(data.parts)))
    parts[name] = addStats(parts[name] ?? {}, stats);
  return {
    processes: all.reduce((sum, { processes }) => sum + processes, 0),
    routes: mergeRouteStats(all.flatMap(({ routes }) => routes)),
    process: mergeProcesses(all.map(({ process }) => process)),
    parts,
  };
}

function addStats(sum: SourceStats, stats: SourceStats): SourceStats {
  const added = { ...sum };
  for (const [name, value] of Object.entries(stats)) {
    const before = added[name];
    if (before === undefined) added[name] = value;
    else added[name] = /(DelayMs|Percent)$/.test(name) ? Math.max(before, value) : before + value;
  }
  return added;
}

/** Builds the response of GET /internal/stats from the stats of a pod's processes. */
export function mergeStats(all: readonly StatsData[], nowMs = Date.now()) {
  const { processes, routes, process, parts } = mergeStatsData(all);
  const uptimeSeconds = nowMs / 1000 - process.startedAtSeconds;
  const requested = routes.filter(({ byStatus }) => byStatus.length > 0);
  return {
    workers: processes,
    uptimeSeconds,
    requests: requestStats(
      mergeRouteStats(requested.map((route) => ({ ...route, method: "", route: "" })))[0],
      uptimeSeconds,
    ),
    // The busiest route comes first.
    routes: requested
      .map((data) => ({ method: data.method, route: data.route, ...requestStats(data, uptimeSeconds) }))
      .sort((a, b) => b.count - a.count),
    process,
    parts,
  };
}

function requestStats(data: RouteStatsData | undefined, uptimeSeconds: number) {
  const latency = new LatencyHistogram();
  latency.add(data?.latency ?? []);
  const { count } = latency;
  const byStatus = data?.byStatus.toSorted(([a], [b]) => a - b) ?? [];
  const within = (low: number, high: number) =>
    byStatus.reduce((sum, [status, times]) => (status >= low && status < high ? sum + times : sum), 0);
  const ms = (seconds: number | undefined) => (seconds === undefined ? null : seconds * 1000);
  const perMinute = data?.perMinute ?? [];
  const lastHour = perMinute.reduce((sum, requests) => sum + requests, 0);
  return {
    count,
    errors: within(500, 1000),
    clientErrors: within(400, 500),
    byStatus: Object.fromEntries(byStatus),
    // The mean is null when there were no requests.
    meanMs: data && count > 0 ? (data.secondsTotal / count) * 1000 : null,
    p50Ms: ms(latency.quantile(0.5)),
    p95Ms: ms(latency.quantile(0.95)),
    p99Ms: ms(latency.quantile(0.99)),
    // Mean over the last 60 minutes, or since the start.
    requestsPerMinute: lastHour / Math.min(60, Math.max(1, uptimeSeconds / 60)),
    perMinute,
  };
}
