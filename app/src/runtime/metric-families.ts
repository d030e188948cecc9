import { LatencyHistogram } from "./latency-histogram.ts";
import type { StatsPart } from "./stats.ts";

/** A metric with all its samples. */
export interface Family {
  name: string;
  type: "counter" | "gauge" | "histogram" | "summary";
  help: string;
  samples: { suffix?: string; labels?: Record<string, string>; value: number }[];
}

/** Upper ends of the latency buckets, in seconds. */
const latencyEnds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Of the requests on the public port, by route. */
export function requestFamilies({ routes }: StatsPart): Family[] {
  const asked = routes.filter(({ byStatus }) => byStatus.length > 0);
  return [
    {
      name: "http_requests_total",
      type: "counter",
      help: "Requests answered on the public port",
      samples: asked.flatMap(({ method, route, byStatus }) =>
        byStatus.map(([status, value]) => ({ labels: { method, route, status: String(status) }, value })),
      ),
    },
    {
      name: "http_request_duration_seconds",
      type: "histogram",
      help: "From the request's headers to the end of the answer",
      samples: asked.flatMap(({ method, route, latency, secondsTotal }) => {
        const histogram = new LatencyHistogram();
        histogram.add(latency);
        const { count } = histogram;
        const bucket = (le: string, value: number) => ({
          suffix: "_bucket",
          labels: { method, route, le },
          value,
        });
        return [
          ...histogram.countsWithin(latencyEnds).map((value, at) => bucket(String(latencyEnds[at]), value)),
          bucket("+Inf", count),
          { suffix: "_sum", labels: { method, route }, value: secondsTotal },
          { suffix: "_count", labels: { method, route }, value: count },
        ];
      }),
    },
  ];
}

/** Of the processes themselves, under the names that dashboards for Node.js look for. */
export function processFamilies({ process, processes }: StatsPart): Family[] {
  const { cpu, memory, eventLoop, gc } = process;
  const one = (name: string, type: "counter" | "gauge", help: string, value: number): Family => ({
    ...{ name, type, help },
    samples: [{ value }],
  });
  const lag = "What timers came late by since the last scrape, in the process where it was worst";
  return [
    one("api_processes", "gauge", "Processes that serve, of which the following are sums", processes),
    one("process_start_time_seconds", "gauge", "When the oldest began, from 1970", process.startedAtSeconds),
    one("process_cpu_user_seconds_total", "counter", "CPU time in user mode", cpu.userSeconds),
    one("process_cpu_system_seconds_total", "counter", "CPU time in the kernel", cpu.systemSeconds),
    one("process_cpu_seconds_total", "counter", "CPU time", cpu.userSeconds + cpu.systemSeconds),
    one("process_resident_memory_bytes", "gauge", "Resident memory", memory.rss),
    one("process_open_fds", "gauge", "Open files and sockets", process.openFiles),
    one("nodejs_heap_size_total_bytes", "gauge", "V8's heap", memory.heapTotal),
    one("nodejs_heap_size_used_bytes", "gauge", "V8's heap, the used part", memory.heapUsed),
    one("nodejs_external_memory_bytes", "gauge", "Memory of objects that are bound to V8's", memory.external),
    one(
      "nodejs_array_buffers_bytes",
      "gauge",
      "Memory of buffers, a part of the external",
      memory.arrayBuffers,
    ),
    one("nodejs_eventloop_lag_mean_seconds", "gauge", lag, eventLoop.meanMs / 1000),
    one("nodejs_eventloop_lag_p50_seconds", "gauge", lag, eventLoop.p50Ms / 1000),
    one("nodejs_eventloop_lag_p95_seconds", "gauge", lag, eventLoop.p95Ms / 1000),
    one("nodejs_eventloop_lag_p99_seconds", "gauge", lag, eventLoop.p99Ms / 1000),
    one("nodejs_eventloop_lag_max_seconds", "gauge", lag, eventLoop.maxMs / 1000),
    one(
      "nodejs_eventloop_utilization",
      "gauge",
      "Share of the time since the last scrape that the event loop was busy, in the process where it was highest",
      eventLoop.utilization,
    ),
    one("nodejs_eventloop_active_seconds_total", "counter", "Event loop busy", eventLoop.activeSeconds),
    one("nodejs_eventloop_idle_seconds_total", "counter", "Event loop idle", eventLoop.idleSeconds),
    {
      name: "nodejs_gc_duration_seconds",
      type: "summary",
      help: "Garbage collection by kind",
      samples: Object.entries(gc).flatMap(([kind, { count, seconds }]) => [
        { suffix: "_sum", labels: { kind }, value: seconds },
        { suffix: "_count", labels: { kind }, value: count },
      ]),
    },
  ];
}

interface PartFamily {
  part: string;
  name: string;
  type: "counter" | "gauge";
  help: string;
  /** Divides the figure, as from milliseconds to seconds. */
  per?: number;
  /** The one figure, or figures by the value of a label. */
  of: string | { label: string; figures: Record<string, string> };
}

const known: PartFamily[] = [
  {
    part: "cache",
    name: "cache_reads_total",
    type: "counter",
    help: "Reads through the cache: from it (hit), past it (miss), from it because the origin fails (stale), with it away (bypass)",
    of: { label: "result", figures: { hit: "hits", miss: "misses", stale: "stale", bypass: "bypass" } },
  },
  {
    part: "cache",
    name: "cache_local_hits_total",
    type: "counter",
    help: "Hits that the process answered from its own copies",
    of: "localHits",
  },
  {
    part: "cache",
    name: "cache_origin_reads_total",
    type: "counter",
    help: "Times that the database was asked for what the cache did not have; readers who share one count once",
    of: "originReads",
  },
  {
    part: "cache",
    name: "cache_store_errors_total",
    type: "counter",
    help: "Cache commands that failed, or were not tried because their node does not answer",
    of: "storeErrors",
  },
  {
    part: "cache",
    name: "cache_local_bytes",
    type: "gauge",
    help: "Copies in the processes",
    of: "localBytes",
  },
  {
    part: "cache",
    name: "cache_nodes",
    type: "gauge",
    help: "Redis nodes as the processes see them: all that take writes, those left alone, those whose invalidations arrive",
    of: { label: "state", figures: { known: "nodes", away: "breakersOpen", feeding: "feedsLive" } },
  },
  {
    part: "cache",
    name: "cache_invalidations_dropped_total",
    type: "counter",
    help: "Invalidations given up because too many waited for the cache; those keys may be stale until they expire",
    of: "invalidationsDropped",
  },
  {
    part: "cache",
    name: "cache_invalidations_pending",
    type: "gauge",
    help: "Invalidations that wait for the cache to come back",
    of: "invalidationsPending",
  },
  {
    part: "heavy",
    name: "heavy_tasks_queued",
    type: "gauge",
    help: "Heavy tasks that wait for a worker thread",
    of: "queued",
  },
  {
    part: "database",
    name: "database_connections",
    type: "gauge",
    help: "Connections to the database: all of them, those idle, and queries that wait for one",
    of: { label: "state", figures: { total: "total", idle: "idle", waiting: "waiting" } },
  },
  {
    part: "memory",
    name: "memory_leak_suspected",
    type: "gauge",
    help: "Processes whose memory grows like a leak",
    of: "leakSuspected",
  },
  {
    part: "memory",
    name: "memory_floor_bytes",
    type: "gauge",
    help: "Heap and external memory after the last full garbage collection",
    of: "floorBytes",
  },
  {
    part: "memory",
    name: "memory_floor_growth_bytes_per_second",
    type: "gauge",
    help: "Slope of the floor over the last samples",
    of: "growthBytesPerSecond",
  },
];

/** The figures of the API's parts that only ever grow, which outlive their process. */
export function onlyCounters(parts: StatsPart["parts"]): StatsPart["parts"] {
  const counters = known
    .filter(({ type }) => type === "counter")
    .flatMap(({ part, of }) =>
      (typeof of === "string" ? [of] : Object.values(of.figures)).map((figure) => `${part}.${figure}`),
    );
  return Object.fromEntries(
    Object.entries(parts).map(([part, figures]) => [
      part,
      Object.fromEntries(
        Object.entries(figures).filter(([figure]) => counters.includes(`${part}.${figure}`)),
      ),
    ]),
  );
}

/** Of the API's parts, as far as they tell. */
export function partFamilies({ parts }: StatsPart): Family[] {
  return known.flatMap(({ part, name, type, help, per = 1, of }): Family[] => {
    const figures = parts[part] ?? {};
    const wanted = typeof of === "string" ? [[undefined, of] as const] : Object.entries(of.figures);
    const samples = wanted.flatMap(([text, figure]) => {
      const value = figures[figure];
      if (value === undefined) return [];
      const labels = typeof of === "string" || text === undefined ? {} : { [of.label]: text };
      return [{ labels, value: value / per }];
    });
    return samples.length === 0 ? [] : [{ name, type, help, samples }];
  });
}
