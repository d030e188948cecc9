import cluster from "node:cluster";
import { pino } from "pino";
import { type AppConfig, ConfigError, readConfig } from "./config/config.ts";
import { cpuQuota, memoryLimit } from "./runtime/process/container-limits.ts";
import { keepTickShape } from "./runtime/process/tick-shape.ts";
import { SupervisorLink } from "./runtime/workers/supervisor-link.ts";
import { planWorkers, workerPlace } from "./runtime/workers/worker-plan.ts";

// Before the first garbage collection.
void keepTickShape();

const openLog = (options: { sync: boolean }) =>
  pino(
    {
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    pino.destination({ dest: 1, ...options }),
  );
let log = openLog({ sync: false });
const link = cluster.isWorker ? new SupervisorLink(process) : undefined;

process.on("uncaughtException", (error, origin) => {
  log.fatal({ err: error, origin }, "uncaught: the process ends");
  link?.failed(error.message);
  process.exit(1);
});

run().catch((error: unknown) => {
  if (error instanceof ConfigError) log.fatal(error.message);
  else log.fatal({ err: error }, "the API could not start");
  link?.failed(`the API could not start: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
});

async function run(): Promise<void> {
  const config = readConfig(process.env);
  setUp(config);
  if (link || config.workers.count === 1) await serveHere(config);
  else await serveByWorkers(config);
}

function setUp(config: AppConfig): void {
  log.level = config.logLevel;
  log.setBindings({ pod: config.podName, ...(link && { worker: workerPlace(process.env).number }) });
}

async function serveByWorkers(config: AppConfig): Promise<void> {
  const { count, maxMemoryBytes } = config.workers;
  const cpus = cpuQuota();
  const plan = planWorkers({ asked: count, cpus, memoryBytes: memoryLimit(), ceilingBytes: maxMemoryBytes });
  if (plan.cut !== undefined) log.warn(plan.cut);
  // One worker needs nobody to supervise it: the cluster restarts the pod.
  if (plan.workers === 1) return serveHere(config);
  log = openLog({ sync: true });
  setUp(config);
  const { supervise } = await import("./runtime/workers/supervisor.ts");
  await supervise(config, plan, cpus, log);
}

/** Loaded by those processes alone that serve: a supervisor is smaller by half without. */
async function serveHere(config: AppConfig): Promise<void> {
  const { serve } = await import("./serve.ts");
  await serve(config, log, link && { link, limitBytes: workerPlace(process.env).limitBytes });
}
