import { Piscina } from "piscina";
import type { TaskConfig } from "../config/config.ts";
import { cpuQuota } from "./container-limits.ts";
import { Refusal } from "./http-errors.ts";

/** A heavy task was not done: no room in the queue, or no time. The client may try again. */
export class TaskRefused extends Refusal {
  override name = "TaskRefused";
}

/** Worker threads for what would hold up the event loop. */
export class TaskPool {
  readonly #threads: Piscina;
  readonly #config: TaskConfig;

  /** @param workerFile absolute path of the heavy worker's code */
  constructor(config: TaskConfig, workerFile: string) {
    this.#config = config;
    const threads = config.threads === "auto" ? Math.max(1, Math.floor(cpuQuota())) : config.threads;
    this.#threads = new Piscina({
      filename: workerFile,
      minThreads: threads,
      maxThreads: threads,
      recordTiming: false,
      // A thread's heap comes on top of the main thread's and counts against the same memory limit.
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 },
    });
  }

  /** Tasks that wait for a thread. */
  get queued(): number {
    return this.#threads.queueSize;
  }

  /**
   * @throws {TaskRefused} when the queue is full, or the task was not done within the time limit; a thread that works
   * on it then is ended and replaced.
   */
  async run(n: number): Promise<number> {
    const { timeoutMs, queue } = this.#config;
    // piscina 5.3 keeps tasks that can be aborted in a queue of their own, for which its `maxQueue` does not count.
    if (this.queued >= queue) throw new TaskRefused(`${queue} tasks are waiting already`);
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), timeoutMs);
    try {
      return (await this.#threads.run(n, { signal: overdue.signal })) as number;
    } catch (error) {
      if (overdue.signal.aborted) throw new TaskRefused(`the task was not done within ${timeoutMs} ms`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.#threads.destroy();
  }
}
