import { once } from "node:events";
import path from "node:path";
import type { Logger } from "pino";
import { buildApp } from "./app.ts";
import type { AppConfig } from "./config/config.ts";
import { UserStore } from "./domain/users/user-store.ts";
import { Cache } from "./runtime/cache/cache.ts";
import { RedisStore } from "./runtime/cache/redis-store.ts";
import { TaskPool, workerThreads } from "./runtime/cpu-pool/cpu-pool.ts";
import { Database, DatabaseUnavailable } from "./runtime/database/database.ts";
import { createInternalServer } from "./runtime/http/internal-server.ts";
import { ProcessOperations } from "./runtime/http/operations.ts";
import { closeWhenIdle, closeWithAnswers } from "./runtime/lifecycle/connection-drain.ts";
import { Health } from "./runtime/lifecycle/health.ts";
import { Shedding } from "./runtime/lifecycle/shedding.ts";
import { shutDown } from "./runtime/lifecycle/shutdown.ts";
import { MemoryWatch } from "./runtime/memory/memory-watch.ts";
import { Metrics } from "./runtime/metrics/metrics.ts";
import { mergeStats } from "./runtime/metrics/stats.ts";
import { collectGarbage } from "./runtime/process/collect-garbage.ts";
import { memoryLimit } from "./runtime/process/container-limits.ts";
import { UploadStore } from "./runtime/uploads/upload-store.ts";
import type { SupervisorLink } from "./runtime/workers/supervisor-link.ts";

/** What a worker has of its supervisor. */
export interface WorkerSeat {
  link: SupervisorLink;
  /** Its share of the pod's memory. */
  limitBytes: number;
}

/** When all connections are made. What making them took is a third of the memory; once collected, V8 gives it back within 10 s. */
const settledAfterMs = 2_000;

/**
 * Puts the parts together, serves with them, and leaves in order when told to by SIGTERM or SIGINT.
 *
 * @param worker given to one worker of several, whose supervisor answers on the internal port in its place
 */
export async function serve(config: AppConfig, log: Logger, worker?: WorkerSeat): Promise<void> {
  const memoryLimitBytes = worker?.limitBytes ?? memoryLimit();
  const database = new Database({
    ...config.database,
    applicationName: config.podName,
    onIdleError: (error) => log.warn({ err: error }, "an idle database connection broke"),
  });
  const store = new RedisStore(config.cache, log);
  const cache = new Cache(store, {
    ...config.cache,
    isOriginFailure: (error) => error instanceof DatabaseUnavailable,
  });
  const cacheFigures = () => ({ ...store.figures, ...cache.figures });
  const threads = workerThreads(config.heavy, besideThisProgram("heavy-worker"), (error) =>
    log.error({ err: error }, "a worker thread broke"),
  );
  const heavy = new TaskPool(config.heavy, threads);
  const uploads = new UploadStore(config.upload.dir, config.upload.dirBytes);
  const uploadFigures = { active: 0, files: 0, bytes: 0, failed: 0 };
  const metrics = new Metrics({
    cache: cacheFigures,
    database: () => database.connections,
    heavy: () => ({ ...heavy.figures }),
    shedding: () => ({ ...shedding.figures }),
    uploads: () => ({ ...uploadFigures }),
    memory: () => memory.monitor.figures,
  });
  const shedding = new Shedding(config.shedding, {
    memoryLimitBytes,
    freeMemory: collectGarbage,
    log,
  });
  const health = new Health({
    database,
    log,
    report: {
      cache: () => {
        const figures = cacheFigures();
        return { degraded: figures.breakersOpen > 0 || figures.originBreakerOpen > 0, ...figures };
      },
      heavy: () => ({ degraded: heavy.figures.queued >= config.heavy.queue, ...heavy.figures }),
      shedding: () => ({ degraded: shedding.active, ...shedding.figures }),
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
    heavy,
    uploads: { ...config.upload, store: uploads, figures: uploadFigures },
    labExit: config.faultLab ? (code) => process.exit(code) : undefined,
    leakLab: config.memory.leakLab,
  });
  const memory = new MemoryWatch(
    config.memory,
    config.podName,
    config.cache.localBytes,
    memoryLimitBytes,
    log,
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
    : createInternalServer({ health, operations, token: config.internalToken, log });

  let leaving = false;
  const leave = async (signal: string) => {
    if (leaving) return;
    leaving = true;
    const code = await shutDown(
      {
        health,
        closeConnectionsWithAnswers: () => closeWithAnswers(app.server),
        closeServer: () => closeWhenIdle(app.server, () => app.close()),
        cutConnections: () => app.server.closeAllConnections(),
        closeRest: async () => {
          health.stop();
          shedding.stop();
          memory.stop();
          cache.close();
          store.close();
          await Promise.all([heavy.close(), database.close()]);
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
    figures: () => metrics.stats(),
    answers: {
      metrics: () => metrics.data(),
      stats: () => metrics.stats(),
      memory: () => operations.memory(),
      snapshot: () => operations.takeSnapshot(),
      clearCache: (pattern = "") => operations.clearCache(pattern),
    },
  });
  if (internal) {
    internal.listen(config.internalPort, "0.0.0.0");
    await once(internal, "listening");
  }
  await app.listen({ port: config.port, host: "0.0.0.0" });
  worker?.link.ready();
  // Later than the work of starting, which would eat into the time limits of the first connections.
  void health.watch();
  shedding.start();
  void memory.start();
  void store.start();
  setTimeout(collectGarbage, settledAfterMs).unref();
  log.info({ ...(internal && { internalPort: config.internalPort }), node: process.version }, "started");
}

/** The path of a program that lies beside this one, in source as in the bundle. */
function besideThisProgram(name: string): string {
  const main = process.argv[1] ?? "";
  return path.join(path.dirname(main), name + path.extname(main));
}
