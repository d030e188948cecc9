import { LatencyHistogram } from "./latency-histogram.ts";
import { mergeProcesses, type ProcessData, type ProcessFigures } from "./process-stats.ts";
import { mergeTallies, type RouteTally, type RouteTallyData } from "./route-stats.ts";

/**
 * Plain numbers that a part of the API tells of itself. Over several processes they add up; a name that ends in DelayMs or
 * Percent is a level, of which the highest counts.
 */
export type Figures = Record<string, number>;

/** Where the figures of one process come from. */
export interface StatsSources {
  routes: readonly Pick<RouteTally, "toData">[];
  process: Pick<ProcessFigures, "collect">;
  /** By the part's name. */
  parts: Record<string, () => Figures>;
}

/** The figures of one process, or of several added up, as plain data. */
export interface StatsPart {
  processes: number;
  routes: RouteTallyData[];
  process: ProcessData;
  parts: Record<string, Figures>;
}

/** How a route, or all of them, did since the start. */
export interface RequestStats {
  count: number;
  /** Answers of status 500 and above. */
  errors: number;
  /** Answers of status 400 to 499. */
  clientErrors: number;
  byStatus: Record<string, number>;
  /** Null without requests; percentiles to 0.8 %. */
  meanMs: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
  /** Mean over the last 60 minutes, or since the start. */
  requestsPerMinute: number;
  /** Of each of the last 60 minutes, the one under way last. */
  perMinute: number[];
}

/** What GET /internal/stats answers. */
export interface Stats {
  workers: number;
  uptimeSeconds: number;
  requests: RequestStats;
  /** Those that were asked for, the busiest first. */
  routes: ({ method: string; route: string } & RequestStats)[];
  process: ProcessData;
  parts: Record<string, Figures>;
}

/** @param beginAnew see {@link ProcessFigures.collect} */
export function collectStats(sources: StatsSources, beginAnew = false): StatsPart {
  return {
    processes: 1,
    routes: sources.routes.map((tally) => tally.toData()),
    process: sources.process.collect(beginAnew),
    parts: Object.fromEntries(Object.entries(sources.parts).map(([name, figures]) => [name, figures()])),
  };
}

/** Adds up what several processes collected, at least one. */
export function mergeParts(all: readonly StatsPart[]): StatsPart {
  const parts: Record<string, Figures> = {};
  for (const [name, figures] of all.flatMap((each) => Object.entries(each.parts)))
    parts[name] = addFigures(parts[name] ?? {}, figures);
  return {
    processes: all.reduce((sum, { processes }) => sum + processes, 0),
    routes: mergeTallies(all.flatMap(({ routes }) => routes)),
    process: mergeProcesses(all.map(({ process }) => process)),
    parts,
  };
}

function addFigures(sum: Figures, figures: Figures): Figures {
  const added = { ...sum };
  for (const [name, value] of Object.entries(figures)) {
    const before = added[name];
    if (before === undefined) added[name] = value;
    else added[name] = /(DelayMs|Percent)$/.test(name) ? Math.max(before, value) : before + value;
  }
  return added;
}

/** What an operator is told of a pod, from the figures of its processes. */
export function mergeStats(all: readonly StatsPart[], nowMs = Date.now()): Stats {
  const { processes, routes, process, parts } = mergeParts(all);
  const uptimeSeconds = nowMs / 1000 - process.startedAtSeconds;
  const asked = routes.filter(({ byStatus }) => byStatus.length > 0);
  return {
    workers: processes,
    uptimeSeconds,
    requests: requestStats(
      mergeTallies(asked.map((each) => ({ ...each, method: "", route: "" })))[0],
      uptimeSeconds,
    ),
    routes: asked
      .map((tally) => ({ method: tally.method, route: tally.route, ...requestStats(tally, uptimeSeconds) }))
      .sort((a, b) => b.count - a.count),
    process,
    parts,
  };
}

function requestStats(tally: RouteTallyData | undefined, uptimeSeconds: number): RequestStats {
  const latency = new LatencyHistogram();
  latency.add(tally?.latency ?? []);
  const { count } = latency;
  const byStatus = tally?.byStatus.toSorted(([a], [b]) => a - b) ?? [];
  const within = (low: number, high: number) =>
    byStatus.reduce((sum, [status, times]) => (status >= low && status < high ? sum + times : sum), 0);
  const ms = (seconds: number | undefined) => (seconds === undefined ? null : seconds * 1000);
  const perMinute = tally?.perMinute ?? [];
  const lastHour = perMinute.reduce((sum, each) => sum + each, 0);
  return {
    count,
    errors: within(500, 1000),
    clientErrors: within(400, 500),
    byStatus: Object.fromEntries(byStatus),
    meanMs: tally && count > 0 ? (tally.secondsTotal / count) * 1000 : null,
    p50Ms: ms(latency.quantile(0.5)),
    p95Ms: ms(latency.quantile(0.95)),
    p99Ms: ms(latency.quantile(0.99)),
    requestsPerMinute: lastHour / Math.min(60, Math.max(1, uptimeSeconds / 60)),
    perMinute,
  };
}
