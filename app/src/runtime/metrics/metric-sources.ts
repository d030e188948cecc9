import type { Family } from "./metric-families.ts";
import type { StatsPart } from "./stats.ts";

/** A metric that a part's figures make: one figure, or several by the value of a label. */
interface PartFamily {
  name: string;
  type: "counter" | "gauge";
  help: string;
  of: string | { label: string; figures: Record<string, string> };
  /** How many of the figure make one of the metric, as 1000 for milliseconds and seconds. */
  divisor?: number;
}

const counter = (name: string, help: string, of: PartFamily["of"], divisor?: number): PartFamily => ({
  ...{ name, type: "counter", help, of, divisor },
});
const gauge = (name: string, help: string, of: PartFamily["of"], divisor?: number): PartFamily => ({
  ...{ name, type: "gauge", help, of, divisor },
});
const by = (label: string, figures: Record<string, string>) => ({ label, figures });

/** By the part's name. */
const families: Record<string, PartFamily[]> = {
  cache: [
    counter(
      "cache_reads_total",
      "Reads through the cache: from it (hit), past it (miss), too old for want of the origin (stale), without it (bypass)",
      by("result", { hit: "hits", miss: "misses", stale: "stale", bypass: "bypass" }),
    ),
    counter("cache_local_hits_total", "Hits that this pod answered without Redis", "localHits"),
    counter("cache_origin_reads_total", "Times that the origin was asked", "originReads"),
    counter("cache_origin_failures_total", "Times that the origin failed", "originFailures"),
    counter("cache_early_refreshes_total", "Loads begun before the value expired", "earlyRefreshes"),
    counter("cache_fill_waits_total", "Times that a load waited for another process's", "fillWaits"),
    counter("cache_store_errors_total", "Redis commands that failed or were not tried", "storeErrors"),
    counter("cache_invalidations_total", "Invalidations asked for", "invalidations"),
    counter(
      "cache_invalidations_dropped_total",
      "Invalidations given up because too many waited for Redis; those keys may be stale until they expire",
      "invalidationsDropped",
    ),
    gauge("cache_invalidations_pending", "Invalidations that wait for Redis", "invalidationsPending"),
    gauge("cache_local_entries", "Values kept in the processes", "localEntries"),
    gauge("cache_local_bytes", "Size of the values kept in the processes", "localBytes"),
    gauge("cache_origin_breaker_open", "Processes that leave the origin alone", "originBreakerOpen"),
    gauge(
      "cache_nodes",
      "Redis nodes as the processes see them: all that take writes, those left alone, those whose invalidations arrive",
      by("state", { known: "nodes", away: "breakersOpen", feeding: "feedsLive" }),
    ),
  ],
  database: [
    gauge(
      "database_connections",
      "Connections to the database: all of them, those idle, and queries that wait for one",
      by("state", { total: "total", idle: "idle", waiting: "waiting" }),
    ),
  ],
  heavy: [
    counter(
      "heavy_tasks_total",
      "Heavy tasks by how they ended",
      by("result", {
        completed: "completed",
        refused: "refused",
        timed_out: "timedOut",
        aborted: "aborted",
        failed: "failed",
      }),
    ),
    gauge("heavy_tasks_queued", "Heavy tasks that wait for a worker thread", "queued"),
    gauge("heavy_tasks_running", "Heavy tasks that a worker thread works on", "running"),
    gauge("heavy_threads", "Worker threads that there may be", "threads"),
    counter(
      "heavy_tasks_wait_seconds_total",
      "Time that heavy tasks waited for a thread",
      "waitMsTotal",
      1000,
    ),
    counter("heavy_tasks_run_seconds_total", "Time that threads worked on heavy tasks", "runMsTotal", 1000),
  ],
  shedding: [
    gauge("requests_shedding", "Processes that refuse requests now", "active"),
    counter(
      "requests_refused_total",
      "Requests refused to shed load",
      by("reason", { delay: "refusedForDelay", memory: "refusedForMemory" }),
    ),
  ],
  uploads: [
    gauge("uploads_active", "Uploads under way", "active"),
    counter("upload_files_total", "Files that arrived whole", "files"),
    counter("upload_bytes_total", "Bytes of files that arrived", "bytes"),
    counter("uploads_failed_total", "Uploads that did not arrive whole", "failed"),
  ],
  memory: [
    gauge("memory_leak_suspected", "Processes whose memory grows like a leak's", "leakSuspected"),
    gauge(
      "memory_floor_bytes",
      "Heap and external memory after the last full garbage collection",
      "floorBytes",
    ),
    gauge(
      "memory_floor_growth_bytes_per_second",
      "Growth of that memory over the last samples",
      "growthBytesPerSecond",
    ),
  ],
};

/** The figures of the API's parts that only ever grow, which outlive their process. */
export function onlyCounters(parts: StatsPart["parts"]): StatsPart["parts"] {
  const growing = new Set(
    Object.entries(families).flatMap(([part, ofPart]) =>
      ofPart
        .filter(({ type }) => type === "counter")
        .flatMap(({ of }) => (typeof of === "string" ? [of] : Object.values(of.figures)))
        .map((figure) => `${part}.${figure}`),
    ),
  );
  return Object.fromEntries(
    Object.entries(parts).map(([part, figures]) => [
      part,
      Object.fromEntries(Object.entries(figures).filter(([figure]) => growing.has(`${part}.${figure}`))),
    ]),
  );
}

/** Of the API's parts, as far as they tell. */
export function partFamilies({ parts }: StatsPart): Family[] {
  return Object.entries(families).flatMap(([part, ofPart]) =>
    ofPart.flatMap(({ name, type, help, of, divisor = 1 }): Family[] => {
      const figures = parts[part] ?? {};
      const sample = (figure: string, labels: Record<string, string>) => {
        const value = figures[figure];
        return value === undefined ? [] : [{ labels, value: value / divisor }];
      };
      const samples =
        typeof of === "string"
          ? sample(of, {})
          : Object.entries(of.figures).flatMap(([text, figure]) => sample(figure, { [of.label]: text }));
      return samples.length === 0 ? [] : [{ name, type, help, samples }];
    }),
  );
}
