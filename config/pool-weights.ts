/**
 * Returns the weight of a single pod of each pool. Nginx gives a server's weight to every address that its name
 * resolves to, so a pool's share of the traffic would otherwise grow with its number of pods.
 *
 * @returns whole numbers from 1, in the order of `pools`; 1 for a pool without pods.
 */
export function podWeights(pools: readonly { replicas: number; weight: number }[]): number[] {
  const common = pools.reduce(
    (product, { replicas }) => leastCommonMultiple(product, Math.max(replicas, 1)),
    1,
  );
  const scaled = pools.map(({ replicas, weight }) => (replicas === 0 ? 0 : (weight * common) / replicas));
  const divisor = scaled.reduce(greatestCommonDivisor, 0);
  return scaled.map((weight) => (weight === 0 ? 1 : weight / divisor));
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
