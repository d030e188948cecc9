import { normalQuantile } from "./distributions.ts";
import { median } from "./median.ts";

/** A value at a time, in any unit; the slope has this unit per second. */
export interface TimedValue {
  second: number;
  value: number;
}

/** How fast the floor of a series grows, with the interval that the true slope lies in. */
export interface Slope {
  /** The median of the slopes between any two blocks' floors. */
  perSecond: number;
  low: number;
  high: number;
  /** The median slope between one block's floor and the next: growth by steps has little of it, steady growth all. */
  betweenNeighbours: number;
  /** How many points the floors were taken from. */
  points: number;
}

const blocks = 8;
const fewestPerBlock = 3;

/** Below so many points `floorSlope` says nothing. */
export const fewestPoints = blocks * fewestPerBlock;

/**
 * The slope of the floor of a series that a garbage collector may saw at: growth of what stays, not of what is collected.
 *
 * The points are cut into eight blocks of equally many, and only the smallest of each counts, so that neighbours hardly
 * depend on each other. Over these floors the Theil–Sen slope (Theil 1950), with the interval of Sen, "Estimates of the
 * Regression Coefficient Based on Kendall's Tau", JASA 63 (1968): the slopes whose ranks are half the normal quantile of
 * Kendall's S away from the middle, its variance corrected for ties.
 *
 * By simulation (once a second, saw of 20 units and noise of 0.5, growth of 10 units in all): with at least six
 * periods of the saw in the series, growth is claimed of a flat floor in 1 to 2 % of cases and true growth is found in
 * 75 to 100 %; with three periods in 0 % and 15 %; with one and a half it is claimed in 4 %. More blocks find no more,
 * and claim more of a slow saw. Growth that ends, as of a cache that fills, is growth too: leave its time out.
 *
 * @param points in any order; each finite
 * @param confidence share of such intervals that hold the true slope, 0.5 … 0.99
 * @returns undefined with fewer than `fewestPoints`, or when they are not spread over time
 * @throws RangeError when a point is not finite, or the confidence is outside its range.
 */
export function floorSlope(points: readonly TimedValue[], confidence = 0.95): Slope | undefined {
  if (!(confidence >= 0.5 && confidence <= 0.99)) throw new RangeError(`a confidence of ${confidence}`);
  for (const { second, value } of points) {
    if (!Number.isFinite(second) || !Number.isFinite(value)) {
      throw new RangeError(`not a point of a series: ${value} at second ${second}`);
    }
  }
  if (points.length < fewestPoints) return undefined;
  const floors = blockFloors(points);
  const slopes = slopesBetween(floors);
  if (!slopes) return undefined;
  const away = normalQuantile((1 + confidence) / 2) * Math.sqrt(kendallVariance(floors));
  const rank = Math.floor((slopes.length - away) / 2);
  const low = slopes[rank - 1];
  const high = slopes[slopes.length - rank];
  if (low === undefined || high === undefined) return undefined;
  const neighbours = floors.slice(1).map((to, at) => slopeBetween(floors[at] ?? to, to));
  return {
    ...{ perSecond: median(slopes), low, high },
    ...{ betweenNeighbours: median(neighbours), points: points.length },
  };
}

/**
 * How many seconds are left until what grows reaches its limit.
 *
 * @param perSecond a slope: the interval's `high` gives the earliest time, its `low` the latest
 * @param level where it is now, in the unit of the limit
 * @returns 0 when it is there already, Infinity when it does not grow
 */
export function secondsToLimit(perSecond: number, level: number, limit: number): number {
  if (level >= limit) return 0;
  return perSecond > 0 ? (limit - level) / perSecond : Number.POSITIVE_INFINITY;
}

function blockFloors(points: readonly TimedValue[]): TimedValue[] {
  const inTime = points.toSorted((a, b) => a.second - b.second);
  return Array.from({ length: blocks }, (_, block) =>
    inTime
      .slice((block * inTime.length) / blocks, ((block + 1) * inTime.length) / blocks)
      .reduce((lowest, point) => (point.value < lowest.value ? point : lowest)),
  );
}

/** Ascending; undefined when two floors are at the same time. */
function slopesBetween(floors: readonly TimedValue[]): number[] | undefined {
  const slopes = floors.flatMap((from, at) => floors.slice(at + 1).map((to) => slopeBetween(from, to)));
  return slopes.every(Number.isFinite) ? slopes.sort((a, b) => a - b) : undefined;
}

function slopeBetween(from: TimedValue, to: TimedValue): number {
  return (to.value - from.value) / (to.second - from.second);
}

/** Variance of Kendall's S where nothing grows (Kendall 1955): n(n−1)(2n+5)/18, less the same of each set of equal values. */
function kendallVariance(floors: readonly TimedValue[]): number {
  const part = (count: number) => (count * (count - 1) * (2 * count + 5)) / 18;
  const equal = new Map<number, number>();
  for (const { value } of floors) equal.set(value, (equal.get(value) ?? 0) + 1);
  return [...equal.values()].reduce((left, count) => left - part(count), part(floors.length));
}
