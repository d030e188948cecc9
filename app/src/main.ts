import cluster from "node:cluster";
import { pino } from "pino";
import { type AppConfig, EnvironmentError, readConfig } from "./config/config.ts";
import { cpuQuota, memoryLimit } from "./runtime/process/container-limits.ts";
import { keepTickShape } from "./runtime/process/tick-shape.ts";
import { SupervisorLink } from "./runtime/workers/supervisor-link.ts";
import { planWorkers, readWorkerEnvironment } from "./runtime/workers/worker-plan.ts";

// Must run before the first garbage collection.
void keepTickShape();

const maxLogBufferBytes = 8 * 1024 ** 2;
const openLog = (options: { sync: boolean }) =>
  pino(
    {
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    // A reader of the log that stalls must not fill the memory; pino drops lines then.
    pino.destination({ dest: 1, maxLength: maxLogBufferBytes, ...options }),
  );
let log = openLog({ sync: false });
const link = cluster.isWorker ? new SupervisorLink(process) : undefined;

process.on("uncaughtException", (error, origin) => {
  log.fatal({ err: error, origin }, "uncaught: the process ends");
  link?.failed(error.message);
  process.exit(1);
});

run().catch((error: unknown) => {
  if (error instanceof EnvironmentError) log.fatal(error.message);
  else log.fatal({ err: error }, "the API could not start");
  link?.failed(`the API could not start: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
});

async function run(): Promise<void> {
  const config = readConfig(process.env);
  configureLog(config);
  if (link || config.workers.count === 1) await runServer(config);
  else await runWorkers(config);
}

function configureLog(config: AppConfig): void {
  log.level = config.logLevel;
  const worker = link && { worker: readWorkerEnvironment(process.env).workerIndex };
  log.setBindings({ pod: config.podName, ...worker });
}

async function runWorkers(config: AppConfig): Promise<void> {
  const { count, maxMemoryBytes } = config.workers;
  const cpus = cpuQuota();
  const plan = planWorkers({ count, cpus, memoryBytes: memoryLimit(), ceilingBytes: maxMemoryBytes });
  if (plan.reduced !== undefined) log.warn(plan.reduced);
  // A single worker needs no supervisor: Kubernetes restarts the pod.
  if (plan.workers === 1) return runServer(config);
  log = openLog({ sync: true });
  configureLog(config);
  const { supervise } = await import("./runtime/workers/supervisor.ts");
  await supervise(config, plan, cpus, log);
}

/** Imported only by processes that serve requests: without it a supervisor takes half the memory. */
async function runServer(config: AppConfig): Promise<void> {
  const { serve } = await import("./serve.ts");
  await serve(config, log, link && { link, limitBytes: readWorkerEnvironment(process.env).limitBytes });
}
