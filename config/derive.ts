import { createHash } from "node:crypto";
import { isAbsolute, join, resolve } from "node:path";
import { podWeights } from "./pool-weights.ts";
import type { ApiConfig, PoolConfig } from "./sections/api.ts";
import type { ClusterConfig } from "./sections/cluster.ts";
import type { RedisConfig } from "./sections/redis.ts";
import type { Milliseconds } from "./units.ts";

/** One Deployment of API pods with the headless Service that names their addresses. */
export interface PoolPlan {
  /** Of the Deployment and its pods' label `app.kubernetes.io/instance`. */
  name: string;
  /** Headless Service. */
  serviceName: string;
  replicas: number;
  /** Of every single pod. */
  podWeight: number;
  backup: boolean;
  image?: string;
}

/** `api.pools`, or the one pool that `api.replicas` stands for. */
export function derivePools(api: ApiConfig): PoolPlan[] {
  if (api.pools === undefined) {
    return [
      { name: "api", serviceName: "api-headless", replicas: api.replicas, podWeight: 1, backup: false },
    ];
  }
  // Backups get their traffic when the others have none, so the two groups never share any.
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

/** From SIGTERM to SIGKILL: readiness delay and drain, and 5 s for the rest. */
export function apiGraceSeconds(api: { shutdownDelay: Milliseconds; shutdownTimeout: Milliseconds }): number {
  return Math.ceil((api.shutdownDelay + api.shutdownTimeout) / 1000) + 5;
}

/** Pods of the Redis Cluster. */
export function redisReplicas(redis: RedisConfig): number {
  return redis.shards * (1 + redis.replicasPerShard);
}

/** The Redis pods' lasting addresses, `host:port`, in the order of their ordinals. */
export function redisNodes(redis: RedisConfig, namespace: string): string[] {
  return Array.from(
    { length: redisReplicas(redis) },
    (_, ordinal) => `redis-${ordinal}.redis.${namespace}.svc.cluster.local:6379`,
  );
}

/** First 10 hex digits of the SHA-256 of `parts`; the same parts give the same text on every machine. */
export function shortHash(...parts: (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10);
}

/** Where the cluster's kubeconfig is, and which of its contexts is meant. */
export interface ClusterAccess {
  kubeconfig: string;
  kubeContext: string;
}

/** What of the environment decides where to deploy to. */
export interface AccessEnvironment {
  BREAKWATER_KUBECONFIG?: string;
  KUBECONFIG?: string;
  HOME?: string;
}

/**
 * The one kubeconfig and context to deploy to. `KUBECONFIG` counts only when stack config names a context, so that a
 * kubeconfig left in the environment is never deployed to by accident.
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
