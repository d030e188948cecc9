import { Worker } from "node:worker_threads";

/**
 * Calls back at even times. Timers of the event loop keep whole milliseconds only; here a thread of its own sleeps to
 * the fraction (futex(2), by Atomics.wait) and sends a message. Missed beats are told, not skipped.
 */
export class Pacer {
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #thread: Worker;

  private constructor(intervalMs: number, startsInMs: number, onDue: (index: number) => void) {
    const startNs = process.hrtime.bigint() + BigInt(Math.round(startsInMs * 1e6));
    this.#thread = new Worker(new URL("./pacer-thread.mjs", import.meta.url), {
      workerData: { stop: this.#stop, startNs, intervalMs },
    });
    let next = 0;
    this.#thread.on("message", (due: number) => {
      while (next < due) onDue(next++);
    });
  }

  /**
   * @param ratePerSecond beats a second, above 0
   * @param startsInMs time until beat 0, negative when that was due already; beat i follows i / ratePerSecond later
   * @param onDue called once for each beat in order, at its time or as soon after it as the event loop is free
   */
  static start(ratePerSecond: number, startsInMs: number, onDue: (index: number) => void): Pacer {
    return new Pacer(1000 / ratePerSecond, startsInMs, onDue);
  }

  /** No beat comes after the thread has ended. */
  async stop(): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    Atomics.notify(this.#stop, 0);
    await this.#thread.terminate();
  }
}
