import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import type { Logger } from "pino";
import type { AppConfig } from "../../config/config.ts";
import { createInternalServer } from "../http/internal-server.ts";
import type { ProbeAnswer } from "../lifecycle/health.ts";
import { HeapSnapshots } from "../memory/heap-snapshots.ts";
import { GoneWorkers } from "./ended-workers.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { PodHealth } from "./pod-health.ts";
import { type AskedWorker, ClusterOperations } from "./pod-operations.ts";
import { Fleet, type FleetAction, type Member } from "./worker-lifecycle.ts";
import { type WorkerPlan, workerEnvironment } from "./worker-plan.ts";
import { WorkerTalk } from "./worker-requests.ts";

/** A worker's process, with what it told. */
interface WorkerProcess {
  readonly worker: Worker;
  readonly talk: WorkerTalk;
  rssBytes: number;
  answer: ProbeAnswer | undefined;
  report: ProbeAnswer | undefined;
  /** Why it was about to end. */
  failure: string | undefined;
}

const beatMs = 1000;
const noMemory = { limitBytes: 0, usedBytes: 0 };
/** Half a minute, as long as the cluster waits for a pod of one process that does not answer. */
const silentBeats = 30;

/**
 * Runs the workers of a pod and answers for all of them on the internal port; serves no request of the public one. Ends
 * the process when the pod is told to leave, or cannot go on.
 *
 * @param log that writes at once: a line still on its way would come after the last one
 */
export async function supervise(
  config: AppConfig,
  plan: WorkerPlan,
  cpus: number,
  log: Logger,
): Promise<void> {
  // The kernel gives connections to whichever worker accepts first. Those that nobody accepted stay with the socket,
  // which the workers share, when one is killed; handing them out here would lose those that are on their way.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: process.argv[1],
    execArgv: [...process.execArgv, `--max-old-space-size=${plan.heapMiB}`],
  });
  const { snapshotDir: dir, snapshotsKept: kept } = config.memory;
  const supervisor = new Supervisor(config, plan, cpus, log);
  const internal = createInternalServer({
    health: supervisor.health,
    operations: new ClusterOperations({
      workers: () => supervisor.serving,
      gone: supervisor.gone,
      rss: process.memoryUsage.rss,
      // To read the folder that the workers share; none is taken here.
      snapshots:
        dir === undefined
          ? undefined
          : new HeapSnapshots({ dir, kept, podName: config.podName, memory: () => noMemory, log }),
    }),
    token: config.internalToken,
    log,
  });
  internal.listen(config.internalPort, "0.0.0.0");
  await once(internal, "listening");
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => supervisor.shutDown(signal));
  log.info({ ...plan, internalPort: config.internalPort, node: process.version }, "supervising");
  supervisor.start();
}

/** Carries out what the {@link Fleet} decides, and tells it what happened. */
class Supervisor {
  readonly gone = new GoneWorkers();
  readonly health = new PodHealth(() =>
    this.#all().map(({ member: { number, state, silent }, child: { rssBytes, answer, report } }) => ({
      ...{ number, state, silent, rssBytes, answer, report },
    })),
  );
  readonly #fleet: Fleet;
  readonly #processes = new Map<number, WorkerProcess>();
  readonly #log: Logger;
  readonly #environment: (number: number) => Record<string, string>;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: AppConfig, plan: WorkerPlan, cpus: number, log: Logger) {
    this.#log = log;
    this.#fleet = new Fleet({
      ...config.workers,
      workers: plan.workers,
      ceilingBytes: plan.ceilingBytes,
      silentBeats,
    });
    this.#environment = (number) => workerEnvironment(plan, number, cpus, config);
  }

  get serving(): AskedWorker[] {
    return this.#all()
      .filter(({ member: { state } }) => state === "ready" || state === "leaving")
      .map(({ member: { id, number }, child: { rssBytes, talk } }) => ({
        ...{ id, number, rssBytes },
        ask: (question, timeoutMs, argument) => talk.ask(question, timeoutMs, argument),
      }));
  }

  start(): void {
    this.#apply(this.#fleet.start(now()));
    setInterval(() => this.#apply(this.#fleet.beat()), beatMs);
  }

  shutDown(why: string): void {
    this.#apply(this.#fleet.shutDown(why, now()));
  }

  #apply(actions: FleetAction[]): void {
    if (this.#fleet.isEnding) this.health.drain();
    for (const action of actions) {
      if (action.do === "end") this.#end(action.code, action.why);
      const { id, number, why } = action;
      const facts = { worker: number, pid: this.#processes.get(id)?.worker.process.pid, why };
      if (action.do === "start") this.#fork(id, number, why);
      if (action.do === "leave") {
        this.#log.info(facts, "worker is told to leave");
        this.#say(id, { type: "leave", reason: why });
      }
      if (action.do === "kill") {
        this.#log.warn(facts, "worker is killed");
        this.#processes.get(id)?.worker.process.kill("SIGKILL");
      }
    }
    clearTimeout(this.#timer);
    const { dueAt } = this.#fleet;
    if (dueAt !== undefined)
      this.#timer = setTimeout(() => this.#apply(this.#fleet.tick(now())), Math.max(0, dueAt - now()) + 1);
  }

  #fork(id: number, number: number, why: string): void {
    const startedAt = now();
    const worker = cluster.fork(this.#environment(number));
    const log = this.#log.child({ worker: number, pid: worker.process.pid });
    log.info({ why }, "worker starts");
    const talk = new WorkerTalk(number, (message) => this.#say(id, message));
    const untold = { answer: undefined, report: undefined, failure: undefined };
    const child: WorkerProcess = { worker, talk, rssBytes: 0, ...untold };
    this.#processes.set(id, child);
    worker.on("message", (message: FromWorker) => {
      if (message.type === "worker_ready") {
        log.info({ tookMs: Math.round(now() - startedAt) }, "worker ready");
        this.#apply(this.#fleet.ready(id, now()));
      } else if (message.type === "memory") {
        child.rssBytes = message.rssBytes;
        child.answer = message.ready;
        child.report = message.report;
        this.#apply(this.#fleet.heard(id, message.rssBytes, now()));
      } else if (message.type === "metrics") this.gone.remember(id, message.figures);
      else if (message.type === "failed") child.failure = message.reason;
      else if (message.type === "answer") talk.answered(message);
    });
    worker.on("error", (error) => log.error({ err: error }, "worker could not be started or told"));
    worker.on("exit", (code: number | null, signal: string | null) => {
      const how = signal ? `signal ${signal}` : `exit code ${code}`;
      const member = this.#fleet.members.find((each) => each.id === id);
      const isClean = code === 0;
      log[isClean ? "info" : "error"]({ how, state: member?.state }, "worker ended");
      talk.close();
      this.#processes.delete(id);
      this.gone.add(id);
      const reason = child.failure === undefined ? how : `${how}: ${child.failure}`;
      this.#apply(this.#fleet.exited(id, reason, isClean, now()));
    });
  }

  #say(id: number, message: ToWorker): void {
    const worker = this.#processes.get(id)?.worker;
    // One that is going down hears nothing; its end tells the rest.
    if (worker?.isConnected()) worker.send(message, () => undefined);
  }

  #end(code: 0 | 1, why: string): never {
    if (this.#fleet.hasFailed) this.#log.fatal(`the pod ends: ${why}`);
    else this.#log.info({ reason: why, code }, "shut down");
    process.exit(code);
  }

  /** Of the processes that are there: what the fleet has of them, and what they told. */
  #all(): { member: Readonly<Member>; child: WorkerProcess }[] {
    return this.#fleet.members.flatMap((member) => {
      const child = this.#processes.get(member.id);
      return child ? [{ member, child }] : [];
    });
  }
}

function now(): number {
  return performance.now();
}
