/** Exit code of the Redis program when the wanted cluster cannot be reached from the present state: another try would not help. */
export const refusedExitCode = 3;

/** Name of the controller's Deployment, Service, Lease and service account. */
export const controllerName = "redis-controller";

/** Port of the controller's status and metrics. */
export const controllerPort = 8083;

/** The part of the controller's `/status` that says how much data the cluster has. */
export interface CacheSize {
  /** Primaries with slots. */
  shards: number;
  /** Memory of all keys. */
  dataBytes: number;
  /** The largest part of a primary's memory that is not for keys. */
  overheadBytes: number;
}
