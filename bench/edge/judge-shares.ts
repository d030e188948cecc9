import type { Finding } from "./finding.ts";

/** Largest difference of a pool's share from its weight, in percentage points. */
const points = 2;

/** Compares the shares of requests with the weights of the pools. */
export function judgeShares(weights: readonly number[], counts: readonly number[]): Finding {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const wanted = weights.map((weight) => (100 * weight) / sum(weights));
  const shares = counts.map((count) => (100 * count) / sum(counts));
  const worst = Math.max(...shares.map((share, index) => Math.abs(share - (wanted[index] ?? 0))));
  const text = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join(" : ");
  return {
    part: "weights",
    check: `shares of ${sum(counts)} requests with the weights ${weights.join(" : ")}`,
    measured: `${text(shares)} %, ${worst.toFixed(2)} points off`,
    target: `within ${points} points`,
    isMet: worst <= points,
    values: counts,
  };
}
