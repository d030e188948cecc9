import { createHash } from "node:crypto";
import { isAbsolute, join, resolve } from "node:path";
import { podWeights } from "./pool-weights.ts";
import type { ApiConfig, PoolConfig } from "./sections/api.ts";
import type { ClusterConfig } from "./sections/cluster.ts";
import type { RedisConfig } from "./sections/redis.ts";
import type { Milliseconds } from "./units.ts";

/** One Deployment of API pods with the headless Service that names their addresses. */
export interface PoolPlan {
  /** Name of the Deployment; also the value of its pods' label `app.kubernetes.io/instance`. */
  name: string;
  /** Name of the headless Service. */
  serviceName: string;
  replicas: number;
  /** Weight of a single pod in the upstream. */
  podWeight: number;
  backup: boolean;
  image?: string;
}

/** The pools of `api.pools`. Without that option: one pool of `api.replicas` pods. */
export function derivePools(api: ApiConfig): PoolPlan[] {
  if (api.pools === undefined) {
    return [
      { name: "api", serviceName: "api-headless", replicas: api.replicas, podWeight: 1, backup: false },
    ];
  }
  // Backup pools get traffic only when all other pools are down, so each group has weights of its own.
  const weights = new Map<PoolConfig, number>();
  for (const backup of [false, true]) {
    const group = api.pools.filter((pool) => pool.backup === backup);
    podWeights(group).forEach((weight, index) => {
      const pool = group[index];
      if (pool !== undefined) weights.set(pool, weight);
    });
  }
  return api.pools.map((pool) => ({
    name: `api-${pool.name}`,
    serviceName: `api-${pool.name}-headless`,
    replicas: pool.replicas,
    podWeight: weights.get(pool) ?? 1,
    backup: pool.backup,
    image: pool.image,
  }));
}

/** Seconds from SIGTERM to SIGKILL: the delay, the time-out, and 5 s for all other steps. */
export function apiGraceSeconds(api: { shutdownDelay: Milliseconds; shutdownTimeout: Milliseconds }): number {
  return Math.ceil((api.shutdownDelay + api.shutdownTimeout) / 1000) + 5;
}

/** Number of pods of the Redis Cluster. */
export function redisReplicas(redis: RedisConfig): number {
  return redis.shards * (1 + redis.replicasPerShard);
}

/** `host:port` of every Redis pod, in the order of their ordinals. A pod keeps its host name when it is replaced. */
export function redisNodes(redis: RedisConfig, namespace: string): string[] {
  return Array.from(
    { length: redisReplicas(redis) },
    (_, ordinal) => `redis-${ordinal}.redis.${namespace}.svc.cluster.local:6379`,
  );
}

/** First 10 hex digits of the SHA-256 of `parts`. The same parts give the same text on every machine. */
export function shortHash(...parts: (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10);
}

/** A kubeconfig file and one context in it. */
export interface ClusterAccess {
  kubeconfig: string;
  kubeContext: string;
}

/** Environment variables that choose the kubeconfig. */
export interface AccessEnvironment {
  BREAKWATER_KUBECONFIG?: string;
  KUBECONFIG?: string;
  HOME?: string;
}

/**
 * Returns the kubeconfig and context to deploy to. `KUBECONFIG` is used only when stack config names a context. So a
 * kubeconfig that is set by accident never gets a deployment.
 *
 * @param projectRoot folder that relative paths start from.
 */
export function clusterAccess(
  cluster: ClusterConfig,
  env: AccessEnvironment,
  projectRoot: string,
): ClusterAccess {
  if (cluster.kubeContext === undefined) {
    const kubeconfig = env.BREAKWATER_KUBECONFIG ?? "/var/lib/breakwater/kubeconfig";
    return { kubeconfig, kubeContext: "breakwater" };
  }
  const home = env.HOME ?? "/";
  const given = cluster.kubeconfig ?? env.KUBECONFIG ?? join(home, ".kube", "config");
  const path = given.startsWith("~/") ? join(home, given.slice(2)) : given;
  return {
    kubeconfig: isAbsolute(path) ? path : resolve(projectRoot, path),
    kubeContext: cluster.kubeContext,
  };
}
