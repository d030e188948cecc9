import { floorSlope, type Slope, secondsToLimit } from "../../measure/slope.ts";
import type { ObservedPod } from "../observe/observer.ts";

/**
 * Growth in the first part of a run is a heap that settles, not a leak. Memory may also be given back for longer than that, and
 * would hide a leak; so the second half is looked at by itself, too.
 */
const settlingShares = [0.25, 0.5];
/** Where nothing grows, or so slowly that it does not matter. */
const longestMs = 365 * 24 * 3_600_000;

/** Seconds since the start of the run. */
export interface Period {
  fromSecond: number;
  toSecond: number;
}

const always: Period = { fromSecond: Number.NEGATIVE_INFINITY, toSecond: Number.POSITIVE_INFINITY };

/** How fast a pod's memory grows, and how long that can go on. */
export interface MemoryGrowth extends Slope {
  /**
   * Until the limit is reached at the growth that is sure: the interval's lower end, or what grows from one part of the
   * run to the next if that is less. At most a year.
   */
  msToLimit: number;
}

/**
 * Growth of the floor of a pod's working set, the first quarter of its figures left out, or the first half.
 *
 * @param period when the load was the same: whoever is asked for something else takes memory for it, which is no leak
 * @returns undefined with too few figures to tell
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
  // Parts that start when they are first asked, such as worker threads, are steps; a leak grows all the time.
  const sure = Math.min(slope.low, slope.betweenNeighbours);
  return { ...slope, msToLimit: Math.min(longestMs, secondsToLimit(sure, level, limitBytes) * 1000) };
}
