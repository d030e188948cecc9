import { createHash } from "node:crypto";
import { embeddedContext, embeddedKubeconfig, expandPath, kubeconfigsOf } from "../contract/kubeconfig.ts";
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
  /** Share of the traffic, relative to the other pools; 0 for a pool without pods or with a weight of 0. */
  share: number;
  image?: string;
  /** The pods come and go; `replicas` is then their highest number. */
  autoscale?: AutoscalePlan;
}

/** How the number of a pool's pods follows their CPU time. */
export interface AutoscalePlan {
  min: number;
  max: number;
  /** CPU time that the pods use on average. */
  cpuMillicores: number;
  scaleDownAfter: Milliseconds;
}

/** Undefined: the number of API pods is fixed. */
export function planAutoscale({ autoscale, cpu }: ApiConfig): AutoscalePlan | undefined {
  const { min, max, cpuPercent, scaleDownAfter } = autoscale;
  if (max === undefined) return undefined;
  return { min, max, cpuMillicores: Math.max(1, Math.round((cpu * cpuPercent) / 100)), scaleDownAfter };
}

/** The most API pods that stack config plans. */
export function plannedApiPods(api: ApiConfig): number {
  return api.pools?.reduce((sum, pool) => sum + pool.replicas, 0) ?? api.autoscale.max ?? api.replicas;
}

/** The pools of `api.pools`. Without that option: one pool of `api.replicas` pods, or of as many as `api.autoscale` gives it. */
export function derivePools(api: ApiConfig): PoolPlan[] {
  if (api.pools === undefined) {
    const autoscale = planAutoscale(api);
    return [
      {
        ...(autoscale && { autoscale }),
        name: "api",
        serviceName: "api-headless",
        replicas: plannedApiPods(api),
        podWeight: 1,
        backup: false,
        share: 1,
      },
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
    share: pool.replicas === 0 ? 0 : pool.weight,
    image: pool.image,
  }));
}

/** Seconds from SIGTERM to SIGKILL: the delay, the time-out, and 5 s for all other steps. */
export function apiGraceSeconds(api: { shutdownDelay: Milliseconds; shutdownTimeout: Milliseconds }): number {
  return Math.ceil((api.shutdownDelay + api.shutdownTimeout) / 1000) + 5;
}

/**
 * Seconds of a Redis primary's handover to a replica before it stops: of one attempt, which Redis itself ends after 5 s, and
 * of all attempts.
 */
export const redisHandoverSeconds = { attempt: 5, all: 12 } as const;

/** Redis' `shutdown-timeout`: seconds for which a primary that stops waits for its replicas. */
export const redisShutdownSeconds = 10;

/** Seconds from the deletion of a Redis pod to SIGKILL: the handover, the server's own wait, and 8 s for its files. */
export const redisGraceSeconds = redisHandoverSeconds.all + redisShutdownSeconds + 8;

/** Number of pods of the Redis Cluster. */
export function redisReplicas(redis: RedisConfig): number {
  return redis.shards * (1 + redis.replicasPerShard);
}

/** `host:port` of `count` Redis pods, in the order of their ordinals. A pod keeps its host name when it is replaced. */
export function redisNodes(count: number, namespace: string, domain: string): string[] {
  return Array.from(
    { length: count },
    (_, ordinal) => `redis-${ordinal}.${serviceHost("redis", namespace, domain)}:6379`,
  );
}

/** Host name of a Service, which ends with the cluster's domain. The host names of a headless Service's pods end with it. */
export function serviceHost(service: string, namespace: string, domain: string): string {
  return `${service}.${namespace}.svc.${domain}`;
}

/** First 10 hex digits of the SHA-256 of `parts`. The same parts give the same text on every machine. */
export function shortHash(...parts: (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10);
}

/** How the program and the Kubernetes plugin reach the cluster. */
export interface ClusterAccess {
  kubeContext: string;
  /** Kubeconfig files. Of entries with the same name, the first one counts, as for kubectl. */
  files: string[];
  /**
   * The plugin's kubeconfig: a path that is the same for every user of the stack, or "" for `$KUBECONFIG`, else
   * `~/.kube/config`, which the plugin finds itself. It is kept in the state (docs/decisions.md#no-paths-in-the-state).
   */
  pluginKubeconfig: string;
}

/** Environment that chooses the kubeconfig. */
export interface AccessEnvironment {
  BREAKWATER_KUBECONFIG?: string;
  KUBECONFIG?: string;
  HOME?: string;
  /** The home folder on Windows. */
  USERPROFILE?: string;
}

/**
 * Returns the kubeconfig and context to deploy to. `KUBECONFIG` is used only when stack config names a context. So a
 * kubeconfig that is set by accident never gets a deployment.
 *
 * @param projectRoot folder that relative paths start from.
 * @param accountHome home folder by the user database, which the plugin expands `~` to.
 */
export function clusterAccess(
  cluster: Pick<ClusterConfig, "kubeContext" | "kubeconfig">,
  env: AccessEnvironment,
  projectRoot: string,
  accountHome: string,
): ClusterAccess {
  const { kubeContext, kubeconfig } = cluster;
  if (kubeContext === undefined) {
    const embedded = env.BREAKWATER_KUBECONFIG ?? embeddedKubeconfig;
    return { kubeContext: embeddedContext, files: [embedded], pluginKubeconfig: embedded };
  }
  if (kubeconfig === undefined) return { kubeContext, files: kubeconfigsOf(env), pluginKubeconfig: "" };
  const file = expandPath(kubeconfig, env, projectRoot);
  const isSame = file === expandPath(kubeconfig, { HOME: accountHome }, projectRoot);
  return { kubeContext, files: [file], pluginKubeconfig: isSame ? kubeconfig : file };
}
