import { Piscina } from "piscina";
import type { CpuPoolConfig } from "../../config/config.ts";
import { HttpError, Refusal } from "../http/http-errors.ts";
import { cpuQuota } from "../process/container-limits.ts";

/** The task was not done: the queue was full, or its time was over. The client may retry. */
export class TaskRefused extends Refusal {
  override name = "TaskRefused";
}

/** The client has disconnected. */
class TaskAbandoned extends HttpError {
  override name = "TaskAbandoned";

  constructor() {
    super(499, "the client went away");
  }
}

interface QueuedTask {
  input: unknown;
  stop: AbortController;
  queuedAt: number;
  /** Counted as aborted; its result is not counted. */
  isAborted: boolean;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** A running task whose client is gone may finish within this time, about the cost of a new thread. Then its thread ends. */
const abandonedForMs = 50;
/** Each thread takes 11 MB. */
const threadIdleMs = 30_000;
const maxRetrySeconds = 30;

/** Runs every task that it is given at once. */
export interface Threads {
  /** @param signal ends the thread that runs the task */
  run(input: unknown, options: { signal: AbortSignal }): Promise<unknown>;
  destroy(): Promise<void>;
}

/**
 * Worker threads that start on demand and end when idle.
 *
 * @param workerFile absolute path of a module whose default export runs a task
 * @param onError called when an idle thread breaks
 */
export function workerThreads(
  config: Pick<CpuPoolConfig, "threads">,
  workerFile: string,
  onError: (error: Error) => void,
): Threads {
  const pool = new Piscina({
    filename: workerFile,
    minThreads: 0,
    maxThreads: threadsOf(config),
    idleTimeout: threadIdleMs,
    recordTiming: false,
    // The heaps of the threads add to the main thread's and count against the same memory limit.
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 },
  });
  pool.on("error", onError);
  return pool;
}

function threadsOf({ threads }: Pick<CpuPoolConfig, "threads">): number {
  return threads === "auto" ? Math.max(1, Math.floor(cpuQuota())) : threads;
}

/** Runs CPU-heavy tasks in worker threads, behind a bounded queue, so that they do not block the event loop. */
export class CpuPool {
  readonly #pool: Threads;
  readonly #config: CpuPoolConfig;
  readonly #threads: number;
  /** Waiting tasks in order of arrival. Piscina's own queue does not bound abortable tasks, and reorders them (docs/decisions.md#cpu-pool-queue). */
  readonly #queue = new Set<QueuedTask>();
  readonly #counts = {
    completed: 0,
    /** Refused because the queue was full. */
    refused: 0,
    timedOut: 0,
    /** Clients that disconnected before the result. */
    aborted: 0,
    failed: 0,
    /** Sum of the times that tasks waited for a thread, and that threads ran them. */
    waitMsTotal: 0,
    runMsTotal: 0,
  };
  #running = 0;
  #closed = false;

  constructor(config: CpuPoolConfig, pool: Threads) {
    this.#config = config;
    this.#threads = threadsOf(config);
    this.#pool = pool;
  }

  /** Counters since the start, and the current state. `threads` is the maximum number of threads. */
  get stats() {
    return { threads: this.#threads, queued: this.#queue.size, running: this.#running, ...this.#counts };
  }

  /** Number of tasks that wait for a thread. */
  get queued(): number {
    return this.#queue.size;
  }

  /**
   * Runs a task.
   *
   * @param client aborts when the client disconnects: a queued task is dropped, a running task may finish within 50 ms
   * @throws {TaskRefused} when the queue is full, the pool is closed, or the time limit is over. Then the task's thread
   * is ended and replaced.
   * @throws {HttpError} with status 499 when the client has disconnected.
   */
  async run<Input, Output>(input: Input, client?: AbortSignal): Promise<Output> {
    if (this.#closed) throw new TaskRefused("this pod is shutting down");
    if (client?.aborted) throw new TaskAbandoned();
    const { timeoutMs, queue } = this.#config;
    if (this.#running >= this.#threads && this.#queue.size >= queue) {
      this.#counts.refused++;
      throw new TaskRefused(`${queue} tasks are waiting already`, this.#retryAfterSeconds());
    }
    const { promise, ...settle } = Promise.withResolvers<unknown>();
    const task: QueuedTask = {
      input,
      stop: new AbortController(),
      queuedAt: performance.now(),
      isAborted: false,
      ...settle,
    };
    const giveUp = (error: Error) => {
      task.reject(error);
      this.#queue.delete(task);
      task.stop.abort();
    };
    const overdue = setTimeout(() => {
      if (!task.isAborted) this.#counts.timedOut++;
      giveUp(new TaskRefused(`the task was not done within ${timeoutMs} ms`, this.#retryAfterSeconds()));
    }, timeoutMs);
    let abandoned: NodeJS.Timeout | undefined;
    const abandon = () => {
      task.isAborted = true;
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

  /** Refuses queued tasks and ends running ones. */
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
      if (!task.isAborted) this.#counts.completed++;
    } catch (error) {
      if (!task.isAborted && !task.stop.signal.aborted && !this.#closed) this.#counts.failed++;
      task.reject(this.#closed ? new TaskRefused("this pod is shutting down") : error);
    } finally {
      this.#counts.runMsTotal += performance.now() - startedAt;
      this.#running--;
      this.#startNext();
    }
  }

  /** Estimated time until the queue is empty, from the mean run time. */
  #retryAfterSeconds(): number {
    const { completed, aborted, runMsTotal } = this.#counts;
    const meanMs = runMsTotal / Math.max(1, completed + aborted);
    const seconds = Math.ceil((meanMs * this.#queue.size) / this.#threads / 1000);
    return Math.min(maxRetrySeconds, Math.max(1, seconds));
  }
}
