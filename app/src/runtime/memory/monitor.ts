import { constants, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics } from "node:v8";
import { collectGarbage } from "../process/collect-garbage.ts";
import type { Growth } from "./growth.ts";
import { LeakSuspicion } from "./leak-suspicion.ts";

const MiB = 1024 ** 2;
/** Growth in the first seconds is ignored: the code is compiled and the first connections open. */
const warmupSeconds = 30;
/**
 * Growth above the floor that triggers a forced collection: 3 MiB, or a twentieth of the floor. Load without a leak leaves
 * about 2.5 MiB, and a forced collection costs more than its time: V8 drops optimized code.
 */
const probeBytes = 3 * MiB;
const probeShare = 0.05;
const probeSeconds = 15;
/** Maximum share of time that forced collections take. */
const probeTimeShare = 0.003;
const nearHeapLimitShare = 0.9;

/** Memory of the process in bytes, at a time in milliseconds since 1970. */
export type MemorySample = ReturnType<typeof takeSample>;

/** Settings of a {@link MemoryMonitor}. */
export interface MemoryMonitorOptions {
  intervalMs: number;
  /** Number of samples kept. */
  samples: number;
  /** Memory limit of the process. */
  limitBytes: number;
  /** Limit of V8's old space. */
  heapLimitBytes: number;
  /** Growth that the caches may cause while they fill. */
  minGrowthBytes: number;
  /** Called when the verdict becomes "leak suspected". */
  onLeak?(report: MemoryReport): void;
  /** Called when the floor reaches nine tenths of the heap's limit; again only after it was lower. */
  onNearHeapLimit?(report: MemoryReport): void;
}

/** Memory report; in bytes unless a name says otherwise. */
export interface MemoryReport {
  intervalMs: number;
  newest: MemorySample;
  limitBytes: number;
  /** Resident memory in percent of the limit. */
  usagePercent: number;
  heapLimitBytes: number;
  heapUsagePercent: number;
  /** Heap and external memory right after the last full garbage collection. */
  floor: { at: number; heapUsed: number; external: number } | undefined;
  trend: {
    direction: "growing" | "steady" | "falling" | "unknown";
    /** Slope of the floor; `interval` is its 95 % interval. */
    bytesPerSecond: number | undefined;
    interval: [low: number, high: number] | undefined;
    /** Ratio of the newest floor to the mean of the oldest third, and their difference. */
    ratio: number;
    grownBytes: number;
    floors: number;
    /** Time until the heap or the process reaches its limit; undefined without growth. */
    secondsToLimit: number | undefined;
  };
  verdict: "warming up" | "ok" | "leak suspected";
  suspectedSince: number | undefined;
  samples: readonly MemorySample[];
}

/**
 * Samples the memory of the process, and reports when memory that remains after garbage collection grows like a leak.
 *
 * A floor is read after each full collection. V8 collects seldom while the heap has room. So if the old space has grown
 * clearly above the last floor without a collection, the monitor forces one to learn whether the growth remains. A process
 * that does not grow sees no forced collections (docs/decisions.md#forced-collection).
 */
export class MemoryMonitor {
  readonly #options: MemoryMonitorOptions;
  readonly #samples: MemorySample[] = [];
  readonly #suspicion: LeakSuspicion;
  readonly #observer: PerformanceObserver;
  #timer: NodeJS.Timeout | undefined;
  #floor: { at: number; heapUsed: number; external: number; second: number; oldSpace: number } | undefined;
  #firstFloor: { heapUsed: number; external: number } | undefined;
  #suspectedSince: number | undefined;
  #nearHeapLimit = false;
  #nextProbeSecond = 0;

  constructor(options: MemoryMonitorOptions) {
    this.#options = options;
    const { intervalMs, samples, minGrowthBytes } = options;
    const intervalSeconds = intervalMs / 1000;
    this.#suspicion = new LeakSuspicion({
      intervalSeconds,
      minGrowthBytes,
      windowSeconds: intervalSeconds * samples,
    });
    this.#observer = new PerformanceObserver((list) => {
      const full = list.getEntries().some((entry) => isFullCollection(entry));
      if (full) this.#readFloor();
    });
  }

  /** Stats for the metrics. */
  get stats() {
    return {
      leakSuspected: this.#suspectedSince === undefined ? 0 : 1,
      floorBytes: this.#floor ? this.#floor.heapUsed + this.#floor.external : 0,
      growthBytesPerSecond: Math.round(this.#suspicion.judgement.growth?.perSecond ?? 0),
    };
  }

  start(): void {
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#sample();
    this.#timer = setInterval(() => this.#tick(), this.#options.intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#observer.disconnect();
  }

  report(): MemoryReport {
    const { intervalMs, limitBytes, heapLimitBytes } = this.#options;
    const newest = this.#samples.at(-1) ?? takeSample();
    const { growth, ratio, grownBytes, floors } = this.#suspicion.judgement;
    return {
      intervalMs,
      newest,
      limitBytes,
      usagePercent: percent(newest.rss, limitBytes),
      heapLimitBytes,
      heapUsagePercent: percent(newest.heapUsed, heapLimitBytes),
      floor: this.#floor && {
        at: this.#floor.at,
        heapUsed: this.#floor.heapUsed,
        external: this.#floor.external,
      },
      trend: {
        direction: directionOf(growth),
        bytesPerSecond: growth && Math.round(growth.perSecond),
        interval: growth && [Math.round(growth.low), Math.round(growth.high)],
        ratio: Math.round(ratio * 100) / 100,
        grownBytes: Math.round(grownBytes),
        floors,
        secondsToLimit: this.#secondsToLimit(newest),
      },
      verdict: this.#verdict(),
      suspectedSince: this.#suspectedSince,
      samples: this.#samples,
    };
  }

  #verdict(): MemoryReport["verdict"] {
    if (this.#suspectedSince !== undefined) return "leak suspected";
    return this.#suspicion.judgement.growth === undefined ? "warming up" : "ok";
  }

  /** Time until the first limit is reached, that of the heap or of the process. */
  #secondsToLimit(newest: MemorySample): number | undefined {
    const { growth } = this.#suspicion.judgement;
    if (growth === undefined || growth.low <= 0 || this.#floor === undefined) return undefined;
    const { heapUsed, external } = this.#firstFloor ?? this.#floor;
    const heapGrows = this.#floor.heapUsed - heapUsed > this.#floor.external - external;
    const room = Math.min(
      this.#options.limitBytes - newest.rss,
      heapGrows ? this.#options.heapLimitBytes - this.#floor.heapUsed : Number.POSITIVE_INFINITY,
    );
    return Math.max(0, Math.round(room / growth.perSecond));
  }

  #tick(): void {
    this.#sample();
    if (this.#shouldProbe()) {
      const startedAt = performance.now();
      collectGarbage();
      const tookSeconds = (performance.now() - startedAt) / 1000;
      this.#nextProbeSecond = performance.now() / 1000 + tookSeconds / probeTimeShare;
      this.#readFloor();
    }
    this.#judge();
  }

  #sample(): void {
    this.#samples.push(takeSample());
    if (this.#samples.length > this.#options.samples) this.#samples.shift();
  }

  #shouldProbe(): boolean {
    const second = performance.now() / 1000;
    if (second < Math.max(warmupSeconds, this.#nextProbeSecond)) return false;
    if (this.#floor === undefined) return true;
    const { heapUsed, external, oldSpace } = this.#floor;
    // The minimum of two samples, so that memory of requests in flight does not count as growth.
    const externalBytes = Math.min(...this.#samples.slice(-2).map((sample) => sample.external));
    const grown = oldSpaceBytes() + externalBytes - oldSpace - external;
    return (
      second - this.#floor.second >= probeSeconds &&
      grown >= Math.max(probeBytes, probeShare * (heapUsed + external))
    );
  }

  #readFloor(): void {
    const { heapUsed, external } = process.memoryUsage();
    const second = performance.now() / 1000;
    this.#floor = { at: Date.now(), heapUsed, external, second, oldSpace: oldSpaceBytes() };
    this.#warnNearHeapLimit(heapUsed);
    if (second < warmupSeconds) return;
    this.#firstFloor ??= this.#floor;
    this.#suspicion.add({ second, bytes: heapUsed + external });
  }

  #warnNearHeapLimit(heapUsed: number): void {
    const near = heapUsed >= nearHeapLimitShare * this.#options.heapLimitBytes;
    if (near && !this.#nearHeapLimit) this.#options.onNearHeapLimit?.(this.report());
    this.#nearHeapLimit = near;
  }

  #judge(): void {
    const rises = this.#suspicion.judge(performance.now() / 1000);
    if (!this.#suspicion.judgement.leak) this.#suspectedSince = undefined;
    if (!rises) return;
    this.#suspectedSince = Date.now();
    this.#options.onLeak?.(this.report());
  }
}

function takeSample() {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { at: Date.now(), rss, heapTotal, heapUsed, external, arrayBuffers };
}

/** Used heap without the young space, which fills and empties all the time. */
function oldSpaceBytes(): number {
  return getHeapSpaceStatistics()
    .filter((space) => !space.space_name.startsWith("new_"))
    .reduce((bytes, space) => bytes + space.space_used_size, 0);
}

function isFullCollection(entry: object): boolean {
  const { detail } = entry as { detail?: { kind?: number } };
  return detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

function directionOf(growth: Growth | undefined): MemoryReport["trend"]["direction"] {
  if (growth === undefined) return "unknown";
  if (growth.low > 0) return "growing";
  return growth.high < 0 ? "falling" : "steady";
}

function percent(part: number, whole: number): number {
  return Math.round((part / whole) * 1000) / 10;
}
