import { once } from "node:events";
import type { Logger } from "pino";
import { buildApp } from "./app.ts";
import type { AppConfig } from "./config/config.ts";
import { heavyWorkerFile } from "./domain/heavy-task.ts";
import { cachedForms } from "./domain/routes.ts";
import { UserStore, usersSchema } from "./domain/users/user-store.ts";
import { Cache } from "./runtime/cache/cache.ts";
import { RedisStore } from "./runtime/cache/redis-store.ts";
import { formOf } from "./runtime/cache/stored-text.ts";
import { CpuPool, workerThreads } from "./runtime/cpu-pool/cpu-pool.ts";
import { Database, DatabaseUnavailable, writeLimitMs } from "./runtime/database/database.ts";
import { createInternalServer } from "./runtime/http/internal-server.ts";
import { ProcessOperations } from "./runtime/http/operations.ts";
import { closeWhenIdle, closeWithResponses } from "./runtime/lifecycle/connection-drain.ts";
import { Health } from "./runtime/lifecycle/health.ts";
import { Shedding } from "./runtime/lifecycle/shedding.ts";
import { shutDown } from "./runtime/lifecycle/shutdown.ts";
import { LogLimit } from "./runtime/log-limit.ts";
import { MemoryWatch } from "./runtime/memory/memory-watch.ts";
import { turnsIn } from "./runtime/memory/snapshot-turns.ts";
import { Metrics } from "./runtime/metrics/metrics.ts";
import { mergeStats } from "./runtime/metrics/stats.ts";
import { anyAddress } from "./runtime/process/any-address.ts";
import { collectGarbage } from "./runtime/process/collect-garbage.ts";
import { memoryLimit } from "./runtime/process/container-limits.ts";
import { UploadStore } from "./runtime/uploads/upload-store.ts";
import type { SupervisorLink } from "./runtime/workers/supervisor-link.ts";

/** What a worker process receives from its supervisor. */
export interface WorkerContext {
  link: SupervisorLink;
  /** The worker's share of the pod's memory. */
  limitBytes: number;
}

/** Time after which all connections are open. Opening them takes a third of the memory, which a collection frees within 10 s. */
const settledAfterMs = 2_000;

/**
 * Connects the parts of the API, serves requests, and shuts down in order on SIGTERM or SIGINT.
 *
 * @param worker set in a worker process; its supervisor then serves the internal port
 */
export async function serve(config: AppConfig, log: Logger, worker?: WorkerContext): Promise<void> {
  const memoryLimitBytes = worker?.limitBytes ?? memoryLimit();
  const idleErrors = new LogLimit();
  const database = new Database({
    ...config.database,
    applicationName: config.podName,
    schema: [usersSchema],
    onIdleError: (error) =>
      idleErrors.run("idle", 1, (facts) =>
        log.warn({ reason: error.message, ...facts }, "an idle database connection broke"),
      ),
    onPooler: (reason) =>
      log.info({ reason }, "the database is behind a connection pooler: no named statements"),
  });
  const store = new RedisStore(config.cache, log);
  const cache = new Cache(store, {
    ...config.cache,
    form: formOf(cachedForms),
    isOriginFailure: (error) => error instanceof DatabaseUnavailable,
    isUnknownOutcome: (error) => error instanceof DatabaseUnavailable && error.isOutcomeUnknown,
    writeLimitMs,
  });
  const cacheStats = () => ({ ...store.stats, ...cache.stats });
  const threads = workerThreads(config.cpuPool, heavyWorkerFile, (error) =>
    log.error({ err: error }, "a worker thread broke"),
  );
  const cpuPool = new CpuPool(config.cpuPool, threads);
  const uploads = new UploadStore(config.upload.dir, config.upload.dirBytes);
  const uploadStats = { active: 0, files: 0, bytes: 0, failed: 0 };
  const metrics = new Metrics({
    cache: cacheStats,
    database: () => database.connections,
    heavy: () => ({ ...cpuPool.stats }),
    shedding: () => ({ ...shedding.stats }),
    uploads: () => ({ ...uploadStats }),
    memory: () => memory.monitor.stats,
  });
  const shedding = new Shedding(config.shedding, { memoryLimitBytes, freeMemory: collectGarbage, log });
  const health = new Health({
    database,
    log,
    report: {
      cache: () => {
        const stats = cacheStats();
        return { degraded: stats.breakersOpen > 0 || stats.originBreakerOpen > 0, ...stats };
      },
      heavy: () => ({ degraded: cpuPool.stats.queued >= config.cpuPool.queue, ...cpuPool.stats }),
      shedding: () => ({ degraded: shedding.active, ...shedding.stats }),
    },
  });
  const app = buildApp({
    log,
    bodyLimitBytes: config.bodyLimitBytes,
    health,
    shedding,
    metrics,
    users: new UserStore(database),
    cache,
    cpuPool,
    uploads: { ...config.upload, store: uploads, stats: uploadStats },
    labExit: config.faultLab ? (code) => process.exit(code) : undefined,
    leakLab: config.memory.leakLab,
  });
  const memory = new MemoryWatch(
    config.memory,
    config.podName,
    config.cache.localBytes,
    memoryLimitBytes,
    log,
    turnsIn(store, config.cache.prefix),
  );
  const operations = new ProcessOperations({
    metrics,
    cache,
    stats: () => mergeStats([metrics.stats()]),
    memory: () => memory.monitor.report(),
    snapshots: memory.snapshots,
  });
  const internal = worker
    ? undefined
    : createInternalServer({
        health,
        operations,
        token: config.internalToken,
        tokenFile: config.internalTokenFile,
        log,
      });

  let leaving = false;
  const leave = async (signal: string) => {
    if (leaving) return;
    leaving = true;
    const code = await shutDown(
      {
        health,
        closeConnectionsWithResponses: () => closeWithResponses(app.server),
        closeServer: () => closeWhenIdle(app.server, () => app.close()),
        cutConnections: () => app.server.closeAllConnections(),
        closeRest: async () => {
          health.stop();
          shedding.stop();
          memory.stop();
          await Promise.all([cache.close(), cpuPool.close(), database.close()]);
          store.close();
          await worker?.link.close(metrics.stats());
          internal?.close();
        },
        log,
        ...config.shutdown,
      },
      signal,
    );
    process.exit(code);
  };
  process.on("SIGTERM", leave);
  process.on("SIGINT", leave);

  await uploads.prepare();
  worker?.link.open({
    health,
    leave,
    stats: () => metrics.stats(),
    operations: {
      metrics: () => metrics.data(),
      stats: () => metrics.stats(),
      memory: () => operations.memory(),
      snapshot: () => operations.takeSnapshot(),
      clearCache: (pattern = "") => operations.clearCache(pattern),
    },
  });
  if (internal) {
    internal.listen(config.internalPort, anyAddress());
    await once(internal, "listening");
  }
  await app.listen({ port: config.port, host: anyAddress() });
  worker?.link.ready();
  // Connections have time limits, which the work of starting would use up.
  void health.watch();
  shedding.start();
  void memory.start();
  void store.start();
  setTimeout(collectGarbage, settledAfterMs).unref();
  log.info({ ...(internal && { internalPort: config.internalPort }), node: process.version }, "started");
}
