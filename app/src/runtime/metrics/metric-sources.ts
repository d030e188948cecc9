import type { Family } from "./metric-families.ts";
import type { StatsData } from "./stats.ts";

/** A Prometheus metric that is read from the stats of one source: from one of them, or from several by a label. */
interface SourceFamily {
  name: string;
  type: "counter" | "gauge";
  help: string;
  stat: string | LabelledStats;
  /** Divides the stat, such as 1000 from milliseconds to seconds. */
  divisor?: number;
}

interface LabelledStats {
  label: string;
  /** Name of the stat by the label's value. */
  stats: Record<string, string>;
}

const metric =
  (type: SourceFamily["type"]) =>
  (name: string, help: string, stat: SourceFamily["stat"], divisor?: number): SourceFamily => ({
    name,
    type,
    help,
    stat,
    divisor,
  });
const [counter, gauge] = [metric("counter"), metric("gauge")];
const by = (label: string, stats: Record<string, string>): LabelledStats => ({ label, stats });

const refusals = { delay: "refusedForDelay", memory: "refusedForMemory" };

/** Metrics by the name of their source. */
const families: Record<string, SourceFamily[]> = {
  cache: [
    counter(
      "cache_reads_total",
      "Reads by result: from the cache (hit), from the origin (miss), expired while the origin fails (stale), without the cache (bypass)",
      by("result", { hit: "hits", miss: "misses", stale: "stale", bypass: "bypass" }),
    ),
    counter("cache_local_hits_total", "Hits served from the process, without Redis", "localHits"),
    counter("cache_origin_reads_total", "Reads of the origin", "originReads"),
    counter("cache_origin_failures_total", "Failed reads of the origin", "originFailures"),
    counter("cache_early_refreshes_total", "Loads started before the value expired", "earlyRefreshes"),
    counter("cache_fill_waits_total", "Loads that waited for the load of another process", "fillWaits"),
    counter("cache_store_errors_total", "Redis commands that failed or were skipped", "storeErrors"),
    counter("cache_invalidations_total", "Requested invalidations", "invalidations"),
    counter(
      "cache_invalidations_dropped_total",
      "Invalidations dropped because too many waited for Redis; their keys may be stale until they expire",
      "invalidationsDropped",
    ),
    gauge("cache_invalidations_pending", "Invalidations that wait for Redis", "invalidationsPending"),
    gauge("cache_local_entries", "Values kept in the processes", "localEntries"),
    gauge("cache_local_bytes", "Size of the values kept in the processes", "localBytes"),
    gauge("cache_origin_breaker_open", "Processes that skip the failing origin", "originBreakerOpen"),
    gauge(
      "cache_nodes",
      "Redis nodes as the processes see them: all primaries (known), those skipped by a circuit breaker (away), those that deliver invalidations (feeding)",
      by("state", { known: "nodes", away: "breakersOpen", feeding: "feedsLive" }),
    ),
  ],
  database: [
    gauge(
      "database_connections",
      "Database connections: all (total), unused (idle), and queries without a connection (waiting)",
      by("state", { total: "total", idle: "idle", waiting: "waiting" }),
    ),
  ],
  heavy: [
    counter(
      "heavy_tasks_total",
      "CPU-pool tasks by result",
      by("result", {
        completed: "completed",
        refused: "refused",
        timed_out: "timedOut",
        aborted: "aborted",
        failed: "failed",
      }),
    ),
    gauge("heavy_tasks_queued", "CPU-pool tasks that wait for a thread", "queued"),
    gauge("heavy_tasks_running", "CPU-pool tasks that a thread runs", "running"),
    gauge("heavy_threads", "Maximum number of threads of the CPU pool", "threads"),
    counter("heavy_tasks_wait_seconds_total", "Time that tasks waited for a thread", "waitMsTotal", 1000),
    counter("heavy_tasks_run_seconds_total", "Time that threads ran tasks", "runMsTotal", 1000),
  ],
  shedding: [
    gauge("requests_shedding", "Processes that are shedding load", "active"),
    counter("requests_refused_total", "Requests refused to shed load", by("reason", refusals)),
  ],
  uploads: [
    gauge("uploads_active", "Uploads under way", "active"),
    counter("upload_files_total", "Files received completely", "files"),
    counter("upload_bytes_total", "Bytes of files received", "bytes"),
    counter("uploads_failed_total", "Uploads not received completely", "failed"),
  ],
  memory: [
    gauge("memory_leak_suspected", "Processes with a suspected memory leak", "leakSuspected"),
    gauge("memory_floor_bytes", "Heap and external memory after a full collection", "floorBytes"),
    gauge("memory_floor_growth_bytes_per_second", "Slope of the memory floor", "growthBytesPerSecond"),
  ],
};

/** The stats of all sources without gauges. Counters outlive the process that counted. */
export function onlyCounters(parts: StatsData["parts"]): StatsData["parts"] {
  const counters = new Set(
    Object.entries(families).flatMap(([source, ofSource]) =>
      ofSource
        .filter(({ type }) => type === "counter")
        .flatMap(({ stat }) => (typeof stat === "string" ? [stat] : Object.values(stat.stats)))
        .map((stat) => `${source}.${stat}`),
    ),
  );
  return Object.fromEntries(
    Object.entries(parts).map(([source, stats]) => [
      source,
      Object.fromEntries(Object.entries(stats).filter(([stat]) => counters.has(`${source}.${stat}`))),
    ]),
  );
}

/** Metrics of the sources that report stats. */
export function sourceFamilies({ parts }: StatsData): Family[] {
  return Object.entries(families).flatMap(([source, ofSource]) =>
    ofSource.flatMap(({ name, type, help, stat, divisor = 1 }): Family[] => {
      const stats = parts[source] ?? {};
      const sample = (key: string, labels: Record<string, string>) => {
        const value = stats[key];
        return value === undefined ? [] : [{ labels, value: value / divisor }];
      };
      const samples =
        typeof stat === "string"
          ? sample(stat, {})
          : Object.entries(stat.stats).flatMap(([value, key]) => sample(key, { [stat.label]: value }));
      return samples.length === 0 ? [] : [{ name, type, help, samples }];
    }),
  );
}
