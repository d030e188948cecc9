/** Greater than one fetches earlier; the paper shows that one is near the best. */
const beta = 1;

/**
 * Whether a read should fetch a value anew before it expires, at random, the likelier the nearer its end is and the longer
 * fetching takes: so most likely one reader does it, shortly before the others would have to wait. This is XFetch of
 * A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", PVLDB 8(8), 2015.
 *
 * @param remainingMs until the value expires
 * @param loadMs how long it took to fetch the value
 * @param random from 0 to 1, without 1
 */
export function isDueEarly(remainingMs: number, loadMs: number, random: number): boolean {
  // 1 − random is from 0 (excluded) to 1: its logarithm is finite.
  return -loadMs * beta * Math.log(1 - random) >= remainingMs;
}
