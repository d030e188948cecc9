import { type Growth, growthOf, type TimedBytes } from "./growth.ts";

/** What a series of floors says. A floor is what was in use right after a full garbage collection. */
export interface Judgement {
  leak: boolean;
  /** Undefined while there are too few floors to tell. */
  growth: Growth | undefined;
  /** The newest floor over the mean of the oldest third. */
  ratio: number;
  /** From the mean of the oldest third to the newest floor. */
  grownBytes: number;
  floors: number;
}

export interface JudgementOptions {
  /** Growth that may be a cache that fills: less is never called a leak. */
  minGrowthBytes: number;
  /** It was called a leak before: then it stays one for as long as it grows, whatever the ratio. */
  suspected?: boolean;
}

/** The newest floor must be above so many times the recent mean. */
const leastRatio = 1.5;
const parts = 4;
/** Share of the mean growth that each quarter must show at least: a step, or a cache that is full, does not go on. */
const leastShare = 0.4;

/**
 * Whether what stays after garbage collection grows like a leak. All of this must hold:
 * the newest floor is above 1.5 times the mean of the oldest third of the series, and by `minGrowthBytes`;
 * the 95 % interval of the slope lies above 0; and the growth goes on through all quarters of the series.
 *
 * @param floors in the order of time
 */
export function judgeFloors(floors: readonly TimedBytes[], options: JudgementOptions): Judgement {
  const newest = floors.at(-1)?.bytes ?? 0;
  const oldest = mean(floors.slice(0, Math.max(1, Math.floor(floors.length / 3)))).bytes;
  const growth = growthOf(floors);
  const ratio = oldest > 0 ? newest / oldest : 1;
  const grownBytes = newest - oldest;
  const far = options.suspected || (ratio > leastRatio && grownBytes >= options.minGrowthBytes);
  const leak = far && growth !== undefined && growth.low > 0 && growsThroughout(floors);
  return { leak, growth, ratio, grownBytes, floors: floors.length };
}

function growsThroughout(floors: readonly TimedBytes[]): boolean {
  const quarters = Array.from({ length: parts }, (_, part) =>
    mean(floors.slice((part * floors.length) / parts, ((part + 1) * floors.length) / parts)),
  );
  const rate = (from: TimedBytes, to: TimedBytes) => (to.bytes - from.bytes) / (to.second - from.second);
  const [first, last] = [quarters[0], quarters.at(-1)];
  if (!first || !last) return false;
  const overall = rate(first, last);
  return (
    overall > 0 &&
    quarters
      .slice(1)
      .every((quarter, index) => rate(quarters[index] ?? first, quarter) >= leastShare * overall)
  );
}

function mean(points: readonly TimedBytes[]): TimedBytes {
  const sum = (of: (point: TimedBytes) => number) =>
    points.reduce((total, point) => total + of(point), 0) / Math.max(1, points.length);
  return { second: sum((point) => point.second), bytes: sum((point) => point.bytes) };
}
