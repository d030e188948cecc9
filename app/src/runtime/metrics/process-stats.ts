import { readdirSync } from "node:fs";
import {
  constants,
  type EventLoopUtilization,
  type IntervalHistogram,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from "node:perf_hooks";

/** Sampling interval of the event loop's delay. */
const resolutionMs = 10;
const gcKinds: Record<number, string> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
};

/** Stats of this process from Node.js and the kernel, as plain data. */
export interface ProcessData {
  startedAtSeconds: number;
  cpu: { userSeconds: number; systemSeconds: number };
  memory: { rss: number; heapTotal: number; heapUsed: number; external: number; arrayBuffers: number };
  /** Since the last `collect` that reset it. Delay is how late a timer fires. */
  eventLoop: {
    meanMs: number;
    p50Ms: number;
    p95Ms: number;
    p99Ms: number;
    maxMs: number;
    /** Busy share, 0 … 1. */
    utilization: number;
    /** Since the start, as is `idleSeconds`. */
    activeSeconds: number;
    idleSeconds: number;
  };
  /** By kind: minor, major, incremental, weakcb. */
  gc: Record<string, { count: number; seconds: number }>;
  openFiles: number;
}

/** Observes event loop and garbage collection of this process. Create it once. */
export class ProcessSampler {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #gc: ProcessData["gc"] = {};
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
  collect(reset: boolean): ProcessData {
    const { user, system } = process.cpuUsage();
    const sinceStart = performance.eventLoopUtilization();
    const data = {
      startedAtSeconds: performance.timeOrigin / 1000,
      cpu: { userSeconds: user / 1e6, systemSeconds: system / 1e6 },
      memory: { ...process.memoryUsage() },
      eventLoop: {
        meanMs: this.#lateMs(this.#delay.mean),
        p50Ms: this.#lateMs(this.#delay.percentile(50)),
        p95Ms: this.#lateMs(this.#delay.percentile(95)),
        p99Ms: this.#lateMs(this.#delay.percentile(99)),
        maxMs: this.#lateMs(this.#delay.max),
        utilization: performance.eventLoopUtilization(sinceStart, this.#since).utilization,
        activeSeconds: sinceStart.active / 1000,
        idleSeconds: sinceStart.idle / 1000,
      },
      gc: structuredClone(this.#gc),
      openFiles: openFiles(),
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
    cpu: {
      userSeconds: a.cpu.userSeconds + b.cpu.userSeconds,
      systemSeconds: a.cpu.systemSeconds + b.cpu.systemSeconds,
    },
    memory: {
      rss: a.memory.rss + b.memory.rss,
      heapTotal: a.memory.heapTotal + b.memory.heapTotal,
      heapUsed: a.memory.heapUsed + b.memory.heapUsed,
      external: a.memory.external + b.memory.external,
      arrayBuffers: a.memory.arrayBuffers + b.memory.arrayBuffers,
    },
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
  };
}

function addGc(gc: ProcessData["gc"], kind: string, more: { count: number; seconds: number }): void {
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
