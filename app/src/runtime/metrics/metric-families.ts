import { version as nodeVersion } from "node:process";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { StatsData } from "./stats.ts";

/** A Prometheus metric with all its samples. */
export interface Family {
  name: string;
  type: "counter" | "gauge" | "histogram" | "summary";
  help: string;
  samples: { suffix?: string; labels?: Record<string, string>; value: number }[];
}

/** Upper ends of the latency buckets, in seconds. */
const latencyEnds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of the requests on the public port, by route. */
export function requestFamilies({ routes }: StatsData): Family[] {
  const requested = routes.filter(({ byStatus }) => byStatus.length > 0);
  return [
    {
      name: "http_requests_total",
      type: "counter",
      help: "Responses on the public port",
      samples: requested.flatMap(({ method, route, byStatus }) =>
        byStatus.map(([status, value]) => ({ labels: { method, route, status: String(status) }, value })),
      ),
    },
    {
      name: "http_request_duration_seconds",
      type: "histogram",
      help: "From the request's headers to the end of the response",
      samples: requested.flatMap(({ method, route, latency, secondsTotal }) => {
        const histogram = new LatencyHistogram();
        histogram.add(latency);
        const { count } = histogram;
        const bucket = (le: string, value: number) => ({
          suffix: "_bucket",
          labels: { method, route, le },
          value,
        });
        return [
          ...histogram
            .countsWithin(latencyEnds)
            .map((value, index) => bucket(String(latencyEnds[index]), value)),
          bucket("+Inf", count),
          { suffix: "_sum", labels: { method, route }, value: secondsTotal },
          { suffix: "_count", labels: { method, route }, value: count },
        ];
      }),
    },
  ];
}

const [major = "", minor = "", patch = ""] = nodeVersion.slice(1).split(".");
const versionLabels = { version: nodeVersion, major, minor, patch };

/** Metrics of the processes, with the names that dashboards for Node.js expect. */
export function processFamilies({ process, processes }: StatsData): Family[] {
  const { cpu, memory, eventLoop, gc } = process;
  const metric = (type: "counter" | "gauge") => (name: string, help: string, value: number) => {
    return { name, type, help, samples: [{ value }] };
  };
  const [counter, gauge] = [metric("counter"), metric("gauge")];
  const lag = "Delay of timers since the last scrape, in the slowest process";
  return [
    gauge("api_processes", "Serving processes, summed up below", processes),
    gauge("process_start_time_seconds", "Start of the oldest process, since 1970", process.startedAtSeconds),
    counter("process_cpu_user_seconds_total", "CPU time in user mode", cpu.userSeconds),
    counter("process_cpu_system_seconds_total", "CPU time in the kernel", cpu.systemSeconds),
    counter("process_cpu_seconds_total", "CPU time", cpu.userSeconds + cpu.systemSeconds),
    gauge("process_resident_memory_bytes", "Resident memory", memory.rss),
    gauge("process_open_fds", "Open files and sockets", process.openFiles),
    gauge("process_max_fds", "Maximum number of open files and sockets", process.maxFiles),
    {
      name: "nodejs_version_info",
      type: "gauge",
      help: "Version of Node.js",
      samples: [{ labels: versionLabels, value: 1 }],
    },
    {
      name: "nodejs_active_handles",
      type: "gauge",
      help: "Timers, sockets and other resources that keep the event loop alive, by type",
      samples: Object.entries(process.activeHandles).map(([type, value]) => ({ labels: { type }, value })),
    },
    gauge(
      "nodejs_active_handles_total",
      "Sum of nodejs_active_handles",
      Object.values(process.activeHandles).reduce((sum, count) => sum + count, 0),
    ),
    ...(["total", "used", "available"] as const).map((part) => ({
      name: `nodejs_heap_space_size_${part}_bytes`,
      type: "gauge" as const,
      help: `Spaces of V8's heap: ${part} bytes`,
      samples: Object.entries(process.heapSpaces).map(([space, bytes]) => ({
        labels: { space },
        value: bytes[part],
      })),
    })),
    gauge("nodejs_heap_size_total_bytes", "V8's heap", memory.heapTotal),
    gauge("nodejs_heap_size_used_bytes", "Used part of V8's heap", memory.heapUsed),
    gauge("nodejs_external_memory_bytes", "Memory held outside V8's heap", memory.external),
    gauge("nodejs_array_buffers_bytes", "Memory of buffers, a part of external", memory.arrayBuffers),
    gauge("nodejs_eventloop_lag_seconds", lag, eventLoop.meanMs / 1000),
    gauge("nodejs_eventloop_lag_mean_seconds", lag, eventLoop.meanMs / 1000),
    gauge("nodejs_eventloop_lag_p50_seconds", lag, eventLoop.p50Ms / 1000),
    gauge("nodejs_eventloop_lag_p95_seconds", lag, eventLoop.p95Ms / 1000),
    gauge("nodejs_eventloop_lag_p99_seconds", lag, eventLoop.p99Ms / 1000),
    gauge("nodejs_eventloop_lag_max_seconds", lag, eventLoop.maxMs / 1000),
    gauge("nodejs_eventloop_utilization", "Busy share of the busiest event loop", eventLoop.utilization),
    counter(
      "nodejs_eventloop_active_seconds_total",
      "Time that the event loop was busy",
      eventLoop.activeSeconds,
    ),
    counter(
      "nodejs_eventloop_idle_seconds_total",
      "Time that the event loop was idle",
      eventLoop.idleSeconds,
    ),
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
