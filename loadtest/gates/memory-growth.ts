import { floorSlope, type Slope, secondsToLimit } from "../../measure/slope.ts";
import type { ObservedPod } from "../report/schema/pod.ts";

/**
 * Shares of the samples that are left out at the beginning, each tried by itself. Growth in the first part of a run is a
 * heap that settles, not a leak. The second half is examined as well, because memory that is freed in the first half
 * would hide a leak.
 */
const settlingShares = [0.25, 0.5];
/** The value for memory that does not grow, or grows too slowly to matter. */
const longestMs = 365 * 24 * 3_600_000;

/** Seconds since the start of the run. */
export interface Period {
  fromSecond: number;
  toSecond: number;
}

const always: Period = { fromSecond: Number.NEGATIVE_INFINITY, toSecond: Number.POSITIVE_INFINITY };

/** How fast a pod's memory grows, and how long until it reaches the limit. */
export interface MemoryGrowth extends Slope {
  /**
   * Time until the limit is reached at the growth that is certain: the lower end of the interval, or the growth from one
   * part of the run to the next when that is smaller. At most a year.
   */
  msToLimit: number;
}

/**
 * Growth of the floor of a pod's working set.
 *
 * @param period the period of constant load; other requests need other memory, which is no leak
 * @returns undefined when there are too few samples
 */
export function memoryGrowth(
  pod: Pick<ObservedPod, "memory" | "memoryLimitBytes">,
  { fromSecond, toSecond }: Period = always,
): MemoryGrowth | undefined {
  const memory = pod.memory.filter(({ second }) => second >= fromSecond && second <= toSecond);
  return settlingShares
    .flatMap((share) => growthOf(memory.slice(Math.floor(memory.length * share)), pod.memoryLimitBytes) ?? [])
    .sort((a, b) => a.msToLimit - b.msToLimit)[0];
}

function growthOf(settled: ObservedPod["memory"], limitBytes: number): MemoryGrowth | undefined {
  const slope = floorSlope(settled.map(({ second, bytes }) => ({ second, value: bytes })));
  const level = settled.at(-1)?.bytes;
  if (!slope || level === undefined) return undefined;
  // A worker thread that starts at its first request adds one step. A leak grows all the time.
  const certain = Math.min(slope.low, slope.betweenNeighbours);
  return { ...slope, msToLimit: Math.min(longestMs, secondsToLimit(certain, level, limitBytes) * 1000) };
}
