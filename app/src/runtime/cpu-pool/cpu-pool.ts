import { Piscina } from "piscina";
import type { TaskConfig } from "../../config/config.ts";
import { HttpError, Refusal } from "../http/http-errors.ts";
import { cpuQuota } from "../process/container-limits.ts";

/** A heavy task was not done: no room in the queue, or no time. The client may try again. */
export class TaskRefused extends Refusal {
  override name = "TaskRefused";
}

/** Nobody waits for the task any more. */
class TaskAbandoned extends HttpError {
  override name = "TaskAbandoned";

  constructor() {
    super(499, "the client went away");
  }
}

/** Counts since the start, and what is going on now. */
export interface TaskFigures {
  /** Threads that there may be; they start when they are needed and end when idle. */
  threads: number;
  queued: number;
  running: number;
  completed: number;
  /** Did not fit in the queue. */
  refused: number;
  timedOut: number;
  /** Clients that went away before the end. */
  aborted: number;
  failed: number;
  /** Milliseconds that all tasks waited for a thread, and worked. */
  waitMsTotal: number;
  runMsTotal: number;
}

interface QueuedTask {
  input: unknown;
  stop: AbortController;
  queuedAt: number;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** About what a new thread costs: an abandoned task is given as long to end by itself before its thread is ended. */
const abandonedForMs = 50;
/** A thread holds 11 MB. */
const threadIdleMs = 30_000;
const longestRetrySeconds = 30;

/** Who does the work, as many at once as they are given. */
export interface Threads {
  /** @param signal ends the thread that works on it, when there is one */
  run(input: unknown, options: { signal: AbortSignal }): Promise<unknown>;
  destroy(): Promise<void>;
}

/**
 * Worker threads that start when they are needed and end when idle.
 *
 * @param workerFile absolute path of code whose default export does a task
 * @param onError told when a thread breaks that works on nothing
 */
export function workerThreads(
  config: Pick<TaskConfig, "threads">,
  workerFile: string,
  onError: (error: Error) => void,
): Threads {
  const pool = new Piscina({
    filename: workerFile,
    minThreads: 0,
    maxThreads: threadsOf(config),
    idleTimeout: threadIdleMs,
    recordTiming: false,
    // A thread's heap comes on top of the main thread's and counts against the same memory limit.
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 },
  });
  pool.on("error", onError);
  return pool;
}

function threadsOf({ threads }: Pick<TaskConfig, "threads">): number {
  return threads === "auto" ? Math.max(1, Math.floor(cpuQuota())) : threads;
}

/** What would hold up the event loop, done by worker threads with a bounded queue in front. */
export class TaskPool {
  readonly #pool: Threads;
  readonly #config: TaskConfig;
  readonly #threads: number;
  /** In order of arrival. piscina's own queue does not bound tasks that can be aborted, and reorders them. */
  readonly #queue = new Set<QueuedTask>();
  readonly #counts = {
    completed: 0,
    refused: 0,
    timedOut: 0,
    aborted: 0,
    failed: 0,
    waitMsTotal: 0,
    runMsTotal: 0,
  };
  #running = 0;
  #closed = false;

  constructor(config: TaskConfig, pool: Threads) {
    this.#config = config;
    this.#threads = threadsOf(config);
    this.#pool = pool;
  }

  get figures(): TaskFigures {
    return {
      threads: this.#threads,
      queued: this.#queue.size,
      running: this.#running,
      ...this.#counts,
    };
  }

  /** Tasks that wait for a thread. */
  get queued(): number {
    return this.#queue.size;
  }

  /**
   * @param client aborts when nobody waits for the result: a task that is queued is dropped, one that runs is given
   * a moment
   * @throws {TaskRefused} when the queue is full, or the task was not done within the time limit; a thread that works
   * on it then is ended and replaced
   */
  async run<Input, Output>(input: Input, client?: AbortSignal): Promise<Output> {
    if (this.#closed) throw new TaskRefused("this pod is shutting down");
    if (client?.aborted) throw new TaskAbandoned();
    const { timeoutMs, queue } = this.#config;
    if (this.#running >= this.#threads && this.#queue.size >= queue) {
      this.#counts.refused++;
      throw new TaskRefused(`${queue} tasks are waiting already`, this.#retryAfterSeconds());
    }
    const { promise, ...settle } = promiseWithResolvers<unknown>();
    const task: QueuedTask = { input, stop: new AbortController(), queuedAt: performance.now(), ...settle };
    const giveUp = (error: Error) => {
      task.reject(error);
      this.#queue.delete(task);
      task.stop.abort();
    };
    const overdue = setTimeout(() => {
      this.#counts.timedOut++;
      giveUp(new TaskRefused(`the task was not done within ${timeoutMs} ms`, this.#retryAfterSeconds()));
    }, timeoutMs);
    let abandoned: NodeJS.Timeout | undefined;
    const abandon = () => {
      this.#counts.aborted++;
      abandoned = setTimeout(() => giveUp(new TaskAbandoned()), this.#queue.has(task) ? 0 : abandonedForMs);
    };
    client?.addEventListener("abort", abandon, { once: true });
    this.#queue.add(task);
    this.#startNext();
    try {
      return (await promise) as Output;
    } finally {
      clearTimeout(overdue);
      clearTimeout(abandoned);
      client?.removeEventListener("abort", abandon);
    }
  }

  /** Refuses what is queued and ends what runs. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#queue) task.reject(new TaskRefused("this pod is shutting down"));
    this.#queue.clear();
    await this.#pool.destroy();
  }

  #startNext(): void {
    for (const task of this.#queue) {
      if (this.#running >= this.#threads) return;
      this.#queue.delete(task);
      void this.#work(task);
    }
  }

  async #work(task: QueuedTask): Promise<void> {
    const startedAt = performance.now();
    this.#counts.waitMsTotal += startedAt - task.queuedAt;
    this.#running++;
    try {
      task.resolve(await this.#pool.run(task.input, { signal: task.stop.signal }));
      this.#counts.completed++;
    } catch (error) {
      if (!task.stop.signal.aborted && !this.#closed) this.#counts.failed++;
      task.reject(this.#closed ? new TaskRefused("this pod is shutting down") : error);
    } finally {
      this.#counts.runMsTotal += performance.now() - startedAt;
      this.#running--;
      this.#startNext();
    }
  }

  /** When the queue will have been worked off, at the pace so far. */
  #retryAfterSeconds(): number {
    const { completed, runMsTotal } = this.#counts;
    const meanMs = runMsTotal / Math.max(1, completed);
    const seconds = Math.ceil((meanMs * this.#queue.size) / this.#threads / 1000);
    return Math.min(longestRetrySeconds, Math.max(1, seconds));
  }
}

/** Promise.withResolvers, which Node.js has from 22 on. */
function promiseWithResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((onResult, onError) => {
    resolve = onResult;
    reject = onError;
  });
  return { promise, resolve, reject };
}
