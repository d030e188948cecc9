/** Exit code of the Redis program when the wanted cluster cannot be reached from the present state: another try would not help. */
export const refusedExitCode = 3;

/** Name of the controller's Deployment, Service, Lease and service account. */
export const controllerName = "redis-controller";

/** Port of the controller's status and metrics. */
export const controllerPort = 8083;
