import { derivePools, type PoolPlan } from "./derive.ts";
import type { Report } from "./options/option.ts";
import type { StackConfig } from "./stack-config.ts";

/** Maximum difference between a pool's share and its weight, as for the other methods. */
const tolerance = 0.02;

type Pool = Pick<PoolPlan, "replicas" | "podWeight" | "share">;

/**
 * The share of each pool with `balance: random-two` while all pods are idle. Nginx chooses two different pods by weight, and takes
 * the second one when both have equally many requests.
 */
export function idleShares(pools: readonly Pool[]): number[] {
  const serving = pools.map(({ replicas, podWeight, share }) => ({
    pods: share > 0 ? replicas : 0,
    weight: podWeight,
  }));
  const total = serving.reduce((sum, { pods, weight }) => sum + pods * weight, 0);
  return serving.map((second) =>
    serving.reduce((sum, first) => {
      const others = second.pods - (first === second ? 1 : 0);
      const rest = total - first.weight;
      if (first.pods === 0 || second.pods === 0) return sum;
      const isOnly = rest === 0;
      return sum + ((first.pods * first.weight) / total) * (isOnly ? 1 : (others * second.weight) / rest);
    }, 0),
  );
}

/** Reports weights that `balance: random-two` does not keep. */
export function checkRandomTwo({ nginx, api }: StackConfig, report: Report): void {
  if (nginx.balance !== "random-two") return;
  const pools = derivePools(api);
  const total = pools.reduce((sum, { share }) => sum + share, 0);
  for (const [index, idle] of idleShares(pools).entries()) {
    const share = (pools[index]?.share ?? 0) / total;
    if (idle - share <= tolerance) continue;
    report({
      path: `api.pools[${index}].weight`,
      value: api.pools?.[index]?.weight,
      rule: `gives ${percent(share)} of the requests, but nginx.balance random-two would send up to ${percent(idle)} to this pool, since it chooses between two different pods`,
      fix: "use nginx.balance round-robin or least-conn, or give each pool as many pods as its share needs",
    });
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
