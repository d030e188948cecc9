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
