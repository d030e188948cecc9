/** Port of the API for requests. */
export const apiPort = 3000;
/** Port of the API for probes, metrics and internal routes; Nginx never sends requests there. */
export const apiInternalPort = 9000;
/** Port of Redis for clients and replicas. */
export const redisPort = 6379;
/** Port of Redis' cluster bus. */
export const redisBusPort = redisPort + 10_000;
/** Port of PostgreSQL. */
export const databasePort = 5432;
