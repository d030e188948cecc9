import { type Growth, growthOf, type TimedBytes } from "./growth.ts";

/** Judgement of a series of floors. A floor is the memory in use right after a full garbage collection. */
export interface Judgement {
  leak: boolean;
  /** Undefined if there are too few floors. */
  growth: Growth | undefined;
  /** The newest floor over the mean of the oldest third. */
  ratio: number;
  /** The newest floor minus the mean of the oldest third. */
  grownBytes: number;
  floors: number;
}

/** Settings of {@link judgeFloors}. */
export interface JudgementOptions {
  /** Growth that the caches may cause while they fill. Less growth is never judged a leak. */
  minGrowthBytes: number;
  /** The series was judged a leak before. It remains a leak while it grows, at any ratio. */
  suspected?: boolean;
}

/** Minimum ratio of the newest floor to the mean of the oldest third. */
const minRatio = 1.5;
const quarterCount = 4;
/** Minimum share of the mean growth in each quarter: growth by a step, or growth of a cache until it is full, does not continue. */
const minShare = 0.4;

/**
 * Judges whether memory that remains after garbage collection grows like a leak. All of these must hold: the newest floor
 * exceeds the mean of the oldest third by a factor of 1.5 and by `minGrowthBytes`; the 95 % interval of the slope is above
 * 0; and the growth continues through all quarters of the series.
 *
 * @param floors in order of time
 */
export function judgeFloors(floors: readonly TimedBytes[], options: JudgementOptions): Judgement {
  const newest = floors.at(-1)?.bytes ?? 0;
  const oldest = mean(floors.slice(0, Math.max(1, Math.floor(floors.length / 3)))).bytes;
  const growth = growthOf(floors);
  const ratio = oldest > 0 ? newest / oldest : 1;
  const grownBytes = newest - oldest;
  const far = options.suspected || (ratio > minRatio && grownBytes >= options.minGrowthBytes);
  const leak = far && growth !== undefined && growth.low > 0 && growsThroughout(floors);
  return { leak, growth, ratio, grownBytes, floors: floors.length };
}

function growsThroughout(floors: readonly TimedBytes[]): boolean {
  const quarters = Array.from({ length: quarterCount }, (_, quarter) =>
    mean(
      floors.slice((quarter * floors.length) / quarterCount, ((quarter + 1) * floors.length) / quarterCount),
    ),
  );
  const rate = (from: TimedBytes, to: TimedBytes) => (to.bytes - from.bytes) / (to.second - from.second);
  const [first, last] = [quarters[0], quarters.at(-1)];
  if (!first || !last) return false;
  const overall = rate(first, last);
  return (
    overall > 0 &&
    quarters.slice(1).every((quarter, index) => rate(quarters[index] ?? first, quarter) >= minShare * overall)
  );
}

function mean(points: readonly TimedBytes[]): TimedBytes {
  const meanOf = (value: (point: TimedBytes) => number) =>
    points.reduce((total, point) => total + value(point), 0) / Math.max(1, points.length);
  return { second: meanOf((point) => point.second), bytes: meanOf((point) => point.bytes) };
}
