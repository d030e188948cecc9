/** Relative error that a pool's share of the traffic may have. */
export const shareTolerance = 0.01;

/**
 * Returns the weight of a single pod of each pool. Nginx gives a server's weight to every address that its name
 * resolves to, so a pool's share of the traffic would otherwise grow with its number of pods. The weights are the
 * smallest whole numbers that give each pool its share within `shareTolerance`: exact weights of odd numbers of pods can
 * have any number of digits, and `balance: hash` takes memory for each unit (docs/decisions.md#pool-weights).
 *
 * @returns whole numbers from 1, in the order of `pools`; 1 for a pool without pods or without traffic.
 */
export function podWeights(pools: readonly { replicas: number; weight: number }[]): number[] {
  const running = pools.filter(isRunning);
  const smallest = Math.min(...running.map(({ replicas, weight }) => weight / replicas));
  // A rounding error is at most half a unit, so the search ends at 1 / shareTolerance at the latest.
  for (let unit = 1; ; unit++) {
    const weights = pools.map((pool) =>
      isRunning(pool) ? Math.max(1, Math.round((pool.weight / pool.replicas / smallest) * unit)) : 1,
    );
    if (largestError(pools, weights) <= shareTolerance || unit >= 1 / shareTolerance) return weights;
  }
}

/** The largest relative difference between a pool's share and the wanted share. */
function largestError(
  pools: readonly { replicas: number; weight: number }[],
  weights: readonly number[],
): number {
  const running = pools.map((pool, index) => ({
    wanted: isRunning(pool) ? pool.weight : 0,
    given: isRunning(pool) ? pool.replicas * (weights[index] ?? 0) : 0,
  }));
  const sum = (key: "wanted" | "given") => running.reduce((total, pool) => total + pool[key], 0);
  const [wanted, given] = [sum("wanted"), sum("given")];
  const errors = running
    .filter((pool) => pool.wanted > 0)
    .map((pool) => Math.abs(pool.given / given / (pool.wanted / wanted) - 1));
  return Math.max(0, ...errors);
}

function isRunning({ replicas, weight }: { replicas: number; weight: number }): boolean {
  return replicas > 0 && weight > 0;
}
