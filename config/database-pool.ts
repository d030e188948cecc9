import { plannedApiPods } from "./derive.ts";
import { fittingWorkers } from "./memory.ts";
import type { StackConfig } from "./stack-config.ts";

/** The API's connections to the database. */
export interface DatabasePoolPlan {
  /** Connections of each API pod; its workers share them. */
  poolSize: number;
  /** Number of pods that may have connections at the same time. */
  pods: number;
  /** Smallest `database.maxConnections` that this plan fits into. */
  neededConnections: number;
}

/** Connections that the API leaves free: PostgreSQL's own three for superusers, and some for operators and backups. */
export const reservedConnections = 8;
const maxPoolSize = 8;
/** With one connection, the health check would wait behind a slow statement. */
const minPoolSize = 2;

/**
 * Divides `database.maxConnections` among the API pods: 8, 4 or 2 for each. The steps are coarse, because another size
 * replaces all pods, and a change of the replicas should not. During a rolling update each pod may exist
 * twice: Kubernetes starts new pods while the old ones still finish their requests, and counts only the new ones.
 */
export function planDatabasePool({ api, database }: Pick<StackConfig, "api" | "database">): DatabasePoolPlan {
  const pods = 2 * plannedApiPods(api);
  const wanted = api.workers === "max" ? Math.max(1, Math.floor(api.cpu / 1000)) : api.workers;
  const workers = Math.min(wanted, fittingWorkers(api.memory));
  // Each worker has a pool of its own, and a worker that is replaced overlaps with its replacement.
  const extra = workers === 1 ? 0 : 1;
  const connections = (poolSize: number) => poolSize + extra * Math.ceil(poolSize / workers);
  const smallest = Math.max(minPoolSize, workers);
  const perPod = Math.floor((database.maxConnections - reservedConnections) / Math.max(1, pods));
  let poolSize = database.poolSize ?? Math.max(maxPoolSize, workers);
  if (database.poolSize === undefined)
    while (poolSize > smallest && connections(poolSize) > perPod)
      poolSize = Math.max(smallest, Math.floor(poolSize / 2));
  return { poolSize, pods, neededConnections: reservedConnections + pods * connections(poolSize) };
}
