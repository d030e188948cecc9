/** Values above 1 reload earlier; the paper shows that 1 is close to optimal. */
const beta = 1;

/**
 * Decides at random whether a read should reload a value before it expires. The probability grows as the expiry comes
 * closer and with the load time, so most likely a single reader reloads, shortly before the others would have to wait. This
 * is XFetch of A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", PVLDB 8(8),
 * 2015.
 *
 * @param remainingMs time until the value expires
 * @param loadMs time that the last load took
 * @param random uniform, 0 ≤ random < 1
 */
export function isDueEarly(remainingMs: number, loadMs: number, random: number): boolean {
  // 0 < 1 − random ≤ 1, so the logarithm is finite.
  return -loadMs * beta * Math.log(1 - random) >= remainingMs;
}
