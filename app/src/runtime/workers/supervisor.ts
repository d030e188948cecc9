import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import type { Logger } from "pino";
import type { AppConfig } from "../../config/config.ts";
import { createInternalServer } from "../http/internal-server.ts";
import type { ProbeResponse } from "../lifecycle/health.ts";
import { HeapSnapshots } from "../memory/heap-snapshots.ts";
import { anyAddress } from "../process/any-address.ts";
import { EndedWorkers } from "./ended-workers.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { PodHealth } from "./pod-health.ts";
import { PodOperations, type ServingWorker } from "./pod-operations.ts";
import { type WorkerAction, WorkerLifecycle, type WorkerProcess } from "./worker-lifecycle.ts";
import { type WorkerPlan, workerEnvironment } from "./worker-plan.ts";
import { WorkerRequests } from "./worker-requests.ts";

/** A forked worker and its latest messages. */
interface ForkedWorker {
  readonly worker: Worker;
  readonly requests: WorkerRequests;
  rssBytes: number;
  ready?: ProbeResponse;
  report?: ProbeResponse;
  /** The reason that the worker gave before it exited. */
  failure?: string;
}

const heartbeatCheckMs = 1000;
const noMemory = { limitBytes: 0, usedBytes: 0 };
/** Half a minute, as long as Kubernetes waits for a pod of one process that does not respond. */
const maxMissedHeartbeats = 30;

/**
 * Runs the workers of a pod and serves the internal port for all of them. It serves no request of the public port. Ends
 * the process on SIGTERM or SIGINT, or when the workers keep failing.
 *
 * @param cpus CPU quota in cores
 * @param log writes synchronously, so that the last line is complete
 */
export async function supervise(
  config: AppConfig,
  plan: WorkerPlan,
  cpus: number,
  log: Logger,
): Promise<void> {
  // The kernel gives a connection to the first worker that accepts. Connections that nobody has accepted stay with the
  // shared socket when a worker is killed; if the supervisor handed them out, those on their way would be lost
  // (docs/decisions.md#workers-accept-connections-themselves).
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: process.argv[1],
    execArgv: [...process.execArgv, `--max-old-space-size=${plan.heapMiB}`],
  });
  const { snapshotDir: dir, snapshotsKept: kept } = config.memory;
  const supervisor = new Supervisor(config, plan, cpus, log);
  const internal = createInternalServer({
    health: supervisor.health,
    operations: new PodOperations({
      workers: () => supervisor.serving,
      ended: supervisor.ended,
      rss: process.memoryUsage.rss,
      // Only lists and reads the folder that the workers share; the supervisor takes no snapshots.
      snapshots:
        dir === undefined
          ? undefined
          : new HeapSnapshots({ dir, kept, podName: config.podName, memory: () => noMemory, log }),
    }),
    token: config.internalToken,
    tokenFile: config.internalTokenFile,
    log,
  });
  internal.listen(config.internalPort, anyAddress());
  await once(internal, "listening");
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => supervisor.shutDown(signal));
  log.info({ ...plan, internalPort: config.internalPort, node: process.version }, "supervising");
  supervisor.start();
}

/** Carries out the actions of the {@link WorkerLifecycle} and reports events to it. */
class Supervisor {
  readonly ended = new EndedWorkers();
  readonly health = new PodHealth(() =>
    this.#all().map(({ process, forked: { rssBytes, ready, report } }) => ({
      ...process,
      rssBytes,
      ready,
      report,
    })),
  );
  readonly #lifecycle: WorkerLifecycle;
  readonly #forked = new Map<number, ForkedWorker>();
  readonly #log: Logger;
  readonly #environment: (workerIndex: number) => Record<string, string>;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: AppConfig, plan: WorkerPlan, cpus: number, log: Logger) {
    this.#log = log;
    this.#lifecycle = new WorkerLifecycle({
      ...config.workers,
      workers: plan.workers,
      ceilingBytes: plan.ceilingBytes,
      maxMissedHeartbeats,
    });
    this.#environment = (workerIndex) => workerEnvironment(plan, workerIndex, cpus, config);
  }

  get serving(): ServingWorker[] {
    return this.#all()
      .filter(({ process: { state } }) => state === "ready" || state === "leaving")
      .map(({ process: { id, workerIndex }, forked: { rssBytes, requests } }) => ({
        id,
        workerIndex,
        rssBytes,
        request: (operation, timeoutMs, argument) => requests.request(operation, timeoutMs, argument),
      }));
  }

  start(): void {
    this.#apply(this.#lifecycle.start(now()));
    setInterval(() => this.#apply(this.#lifecycle.checkHeartbeats()), heartbeatCheckMs);
  }

  shutDown(reason: string): void {
    this.#apply(this.#lifecycle.shutDown(reason, now()));
  }

  #apply(actions: WorkerAction[]): void {
    if (this.#lifecycle.isEnding) this.health.drain();
    for (const action of actions) {
      if (action.action === "end") this.#end(action.code, action.reason);
      const { id, workerIndex, reason } = action;
      const facts = { worker: workerIndex, pid: this.#forked.get(id)?.worker.process.pid, why: reason };
      if (action.action === "start") this.#fork(id, workerIndex, reason);
      if (action.action === "leave") {
        this.#log.info(facts, "worker is asked to leave");
        this.#send(id, { type: "leave", reason });
      }
      if (action.action === "kill") {
        this.#log.warn(facts, "worker is killed");
        this.#forked.get(id)?.worker.process.kill("SIGKILL");
      }
    }
    clearTimeout(this.#timer);
    const { dueAt } = this.#lifecycle;
    if (dueAt !== undefined)
      this.#timer = setTimeout(
        () => this.#apply(this.#lifecycle.tick(now())),
        Math.max(0, dueAt - now()) + 1,
      );
  }

  #fork(id: number, workerIndex: number, reason: string): void {
    const startedAt = now();
    const worker = cluster.fork(this.#environment(workerIndex));
    const log = this.#log.child({ worker: workerIndex, pid: worker.process.pid });
    log.info({ why: reason }, "worker starts");
    const requests = new WorkerRequests(workerIndex, (message) => this.#send(id, message));
    const forked: ForkedWorker = { worker, requests, rssBytes: 0 };
    this.#forked.set(id, forked);
    worker.on("message", (message: FromWorker) => {
      if (message.type === "worker_ready") {
        log.info({ tookMs: Math.round(now() - startedAt) }, "worker ready");
        this.#apply(this.#lifecycle.ready(id, now()));
      } else if (message.type === "heartbeat") {
        forked.rssBytes = message.rssBytes;
        forked.ready = message.ready;
        forked.report = message.report;
        this.#apply(this.#lifecycle.heartbeat(id, message.rssBytes, now()));
      } else if (message.type === "metrics") this.ended.remember(id, message.stats);
      else if (message.type === "failed") forked.failure = message.reason;
      else if (message.type === "reply") requests.settle(message);
    });
    worker.on("error", (error) => log.error({ err: error }, "worker could not be started or messaged"));
    worker.on("exit", (code: number | null, signal: string | null) => {
      const how = signal ? `signal ${signal}` : `exit code ${code}`;
      const state = this.#lifecycle.processes.find((process) => process.id === id)?.state;
      const isClean = code === 0;
      log[isClean ? "info" : "error"]({ how, state }, "worker ended");
      requests.close();
      this.#forked.delete(id);
      this.ended.add(id);
      const cause = forked.failure === undefined ? how : `${how}: ${forked.failure}`;
      this.#apply(this.#lifecycle.exited(id, cause, isClean, now()));
    });
  }

  #send(id: number, message: ToWorker): void {
    const worker = this.#forked.get(id)?.worker;
    // A worker that is exiting receives nothing; its exit event does the rest.
    if (worker?.isConnected()) worker.send(message, () => undefined);
  }

  #end(code: 0 | 1, reason: string): never {
    if (this.#lifecycle.hasFailed) this.#log.fatal(`the pod ends: ${reason}`);
    else this.#log.info({ reason, code }, "shut down");
    process.exit(code);
  }

  /** The running processes with their messages. */
  #all(): { process: Readonly<WorkerProcess>; forked: ForkedWorker }[] {
    return this.#lifecycle.processes.flatMap((process) => {
      const forked = this.#forked.get(process.id);
      return forked ? [{ process, forked }] : [];
    });
  }
}

function now(): number {
  return performance.now();
}
