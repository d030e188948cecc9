import { canaryName, type ReleaseOverlay } from "../contract/release-overlay.ts";
import type { PoolPlan } from "./derive.ts";
import { podWeights } from "./pool-weights.ts";

/** A pool of the API while a release may be open. */
export interface ReleasedPoolPlan extends PoolPlan {
  /** Whether its Deployment stays as the last update left it, whatever stack config says now. */
  keepsSpec?: boolean;
  /** Whether it is the pool of the new version beside the old one, with a Secret of its own. */
  isCanary?: boolean;
}

/**
 * The pools of a stack with an open release: the old pool, which keeps its pods, and the canary beside it.
 *
 * @param pools the single pool of a stack without `api.pools`
 */
export function releasePools(
  pools: readonly PoolPlan[],
  overlay: ReleaseOverlay | undefined,
): ReleasedPoolPlan[] {
  const [stable] = pools;
  if (overlay === undefined || overlay.pools === null || stable === undefined) return [...pools];
  const { stableWeight, stableReplicas, canaryWeight, canaryReplicas, keepsCanary } = overlay.pools;
  const shares = [
    { replicas: stableReplicas, weight: stableWeight },
    { replicas: canaryReplicas, weight: canaryWeight },
  ];
  const [stablePod = 1, canaryPod = 1] = podWeights(shares);
  const old = {
    ...stable,
    replicas: stable.autoscale === undefined ? stableReplicas : stable.replicas,
    // Without traffic the autoscaler would remove pods that have to take all of it at once.
    ...(stable.autoscale && {
      autoscale: {
        ...stable.autoscale,
        min: Math.min(stable.autoscale.max, Math.max(stable.autoscale.min, stableReplicas)),
      },
    }),
    podWeight: stablePod,
    share: stableReplicas === 0 ? 0 : stableWeight,
    keepsSpec: true,
  };
  if (canaryReplicas === 0) return [old];
  return [
    old,
    {
      name: canaryName,
      serviceName: `${canaryName}-headless`,
      replicas: canaryReplicas,
      podWeight: canaryPod,
      backup: false,
      share: canaryWeight,
      ...(overlay.image !== null && { image: overlay.image }),
      keepsSpec: keepsCanary,
      isCanary: true,
    },
  ];
}
