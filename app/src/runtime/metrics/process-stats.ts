import { readdirSync, readFileSync } from "node:fs";
import {
  constants,
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";
import { getHeapSpaceStatistics } from "node:v8";

/** Sampling interval of the event loop's delay. */
const resolutionMs = 10;
const gcKinds: Record<number, string> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
};

/** Stats of a process from Node.js and the kernel, as plain data. */
export type ProcessData = ReturnType<ProcessSampler["collect"]>;

/** Bytes of one space of V8's heap. */
export interface HeapSpace {
  total: number;
  used: number;
  available: number;
}

/** Count and total duration of garbage collections by kind: minor, major, incremental, weakcb. */
type GcStats = Record<string, { count: number; seconds: number }>;

/** Observes event loop and garbage collection of this process. Create it once. */
export class ProcessSampler {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #gc: GcStats = {};
  readonly #observer: PerformanceObserver;
  #since: EventLoopUtilization = performance.eventLoopUtilization();

  constructor() {
    this.#delay.enable();
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { kind } = (entry as PerformanceEntry & { detail: { kind: number } }).detail;
        addGc(this.#gc, gcKinds[kind] ?? "other", { count: 1, seconds: entry.duration / 1000 });
      }
    });
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  /** @param reset restarts the event loop's stats, as a scrape does */
  collect(reset: boolean) {
    const { user, system } = process.cpuUsage();
    const sinceStart = performance.eventLoopUtilization();
    const data = {
      startedAtSeconds: performance.timeOrigin / 1000,
      cpu: { userSeconds: user / 1e6, systemSeconds: system / 1e6 },
      memory: { ...process.memoryUsage() },
      // The stats cover the time since the last `collect` with `reset`. The delay is how late a timer fires.
      eventLoop: {
        meanMs: this.#lateMs(this.#delay.mean),
        p50Ms: this.#lateMs(this.#delay.percentile(50)),
        p95Ms: this.#lateMs(this.#delay.percentile(95)),
        p99Ms: this.#lateMs(this.#delay.percentile(99)),
        maxMs: this.#lateMs(this.#delay.max),
        utilization: performance.eventLoopUtilization(sinceStart, this.#since).utilization,
        // These counters start with the process.
        activeSeconds: sinceStart.active / 1000,
        idleSeconds: sinceStart.idle / 1000,
      },
      gc: structuredClone(this.#gc),
      openFiles: openFiles(),
      maxFiles,
      activeHandles: countsOf(process.getActiveResourcesInfo()),
      heapSpaces: heapSpaces(),
    };
    if (reset) {
      this.#delay.reset();
      this.#since = sinceStart;
    }
    return data;
  }

  stop(): void {
    this.#delay.disable();
    this.#observer.disconnect();
  }

  /** Node.js records the time from one sample to the next, and NaN or −1 before the first. */
  #lateMs(nanoseconds: number): number {
    return this.#delay.count === 0 ? 0 : Math.max(0, nanoseconds / 1e6 - resolutionMs);
  }
}

/** Merges the processes of one pod: sums, and the worst event loop delay. */
export function mergeProcesses(all: readonly ProcessData[]): ProcessData {
  const [first, ...rest] = all;
  if (!first) throw new Error("there is no process");
  return rest.reduce(mergeTwo, first);
}

function mergeTwo(a: ProcessData, b: ProcessData): ProcessData {
  const [loopA, loopB] = [a.eventLoop, b.eventLoop];
  const worst = (name: "meanMs" | "p50Ms" | "p95Ms" | "p99Ms" | "maxMs" | "utilization") =>
    Math.max(loopA[name], loopB[name]);
  const gc = structuredClone(a.gc);
  for (const [kind, more] of Object.entries(b.gc)) addGc(gc, kind, more);
  return {
    startedAtSeconds: Math.min(a.startedAtSeconds, b.startedAtSeconds),
    cpu: sumOf(a.cpu, b.cpu),
    memory: sumOf(a.memory, b.memory),
    eventLoop: {
      meanMs: worst("meanMs"),
      p50Ms: worst("p50Ms"),
      p95Ms: worst("p95Ms"),
      p99Ms: worst("p99Ms"),
      maxMs: worst("maxMs"),
      utilization: worst("utilization"),
      activeSeconds: loopA.activeSeconds + loopB.activeSeconds,
      idleSeconds: loopA.idleSeconds + loopB.idleSeconds,
    },
    gc,
    openFiles: a.openFiles + b.openFiles,
    maxFiles: a.maxFiles + b.maxFiles,
    activeHandles: sumByName(a.activeHandles, b.activeHandles),
    heapSpaces: mergeSpaces(a.heapSpaces, b.heapSpaces),
  };
}

function sumOf<Values extends Record<string, number>>(a: Values, b: Values): Values {
  return Object.fromEntries(
    Object.entries(a).map(([name, value]) => [name, value + (b[name] ?? 0)]),
  ) as Values;
}

function addGc(gc: GcStats, kind: string, more: { count: number; seconds: number }): void {
  const sum = gc[kind] ?? { count: 0, seconds: 0 };
  gc[kind] = { count: sum.count + more.count, seconds: sum.seconds + more.seconds };
}

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

/** Maximum number of open files; 0 where the kernel does not report it. */
const maxFiles = readMaxFiles();

function readMaxFiles(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** How often each name is in the list. */
function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** The spaces of V8's heap by the names that dashboards expect: `new`, `old`, `code`, … */
function heapSpaces(): Record<string, HeapSpace> {
  return Object.fromEntries(
    getHeapSpaceStatistics().map(({ space_name, space_size, space_used_size, space_available_size }) => [
      space_name.replace(/_space$/, ""),
      { total: space_size, used: space_used_size, available: space_available_size },
    ]),
  );
}

function sumByName(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  const sum = { ...a };
  for (const [name, value] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

function mergeSpaces(a: Record<string, HeapSpace>, b: Record<string, HeapSpace>): Record<string, HeapSpace> {
  const merged = { ...a };
  for (const [name, space] of Object.entries(b))
    merged[name] = merged[name] === undefined ? space : sumOf({ ...merged[name] }, { ...space });
  return merged;
}
