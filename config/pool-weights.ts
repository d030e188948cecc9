/**
 * What one pod of each pool weighs in an upstream, so that the pools share the traffic by `weight` whatever their
 * numbers of pods: Nginx gives a server's weight to every address that its name resolves to.
 *
 * @returns whole numbers from 1, in the order of `pools`; a pool without pods weighs 1.
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
