/** Bytes at a time in seconds of a monotonic clock. */
export interface TimedBytes {
  second: number;
  bytes: number;
}

/** Growth of a series in bytes per second, with its 95 % interval. */
export interface Growth {
  perSecond: number;
  low: number;
  high: number;
}

const normalQuantile975 = 1.959964;
const minPoints = 6;

/**
 * Theil–Sen slope of a series (Theil 1950): the median of the slopes between all pairs of points, robust against up to 29 %
 * of outliers. The 95 % interval is that of Sen, JASA 63 (1968), for values without ties.
 *
 * @returns undefined with fewer than six points, or if two points have the same time
 */
export function growthOf(points: readonly TimedBytes[]): Growth | undefined {
  const count = points.length;
  if (count < minPoints) return undefined;
  const slopes = points
    .flatMap((from, index) =>
      points.slice(index + 1).map((to) => (to.bytes - from.bytes) / (to.second - from.second)),
    )
    .sort((a, b) => a - b);
  if (!slopes.every(Number.isFinite)) return undefined;
  const distance = normalQuantile975 * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const rank = Math.floor((slopes.length - distance) / 2);
  const slopeAt = (index: number) => slopes[index] ?? 0;
  const middle = slopes.length / 2;
  return {
    perSecond: (slopeAt(Math.ceil(middle) - 1) + slopeAt(Math.floor(middle))) / 2,
    low: slopeAt(rank - 1),
    high: slopeAt(slopes.length - rank),
  };
}
