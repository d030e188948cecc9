/** Bytes at a second of any clock that only goes forward. */
export interface TimedBytes {
  second: number;
  bytes: number;
}

/** How fast a series grows, with the interval that the true slope lies in, in bytes per second. */
export interface Growth {
  perSecond: number;
  low: number;
  high: number;
}

const normalQuantile975 = 1.959964;
const fewestPoints = 6;

/**
 * The Theil–Sen slope of a series (Theil 1950): the median of the slopes between any two points, which a third of the
 * points may be wrong about. The 95 % interval is that of Sen, JASA 63 (1968), for points without ties.
 *
 * @returns undefined with fewer than six points, or when two are at the same time
 */
export function growthOf(points: readonly TimedBytes[]): Growth | undefined {
  const count = points.length;
  if (count < fewestPoints) return undefined;
  const slopes = points
    .flatMap((from, at) =>
      points.slice(at + 1).map((to) => (to.bytes - from.bytes) / (to.second - from.second)),
    )
    .sort((a, b) => a - b);
  if (!slopes.every(Number.isFinite)) return undefined;
  const away = normalQuantile975 * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const rank = Math.floor((slopes.length - away) / 2);
  const at = (index: number) => slopes[index] ?? 0;
  const middle = slopes.length / 2;
  return {
    perSecond: (at(Math.ceil(middle) - 1) + at(Math.floor(middle))) / 2,
    low: at(rank - 1),
    high: at(slopes.length - rank),
  };
}
