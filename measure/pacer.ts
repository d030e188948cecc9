import { once } from "node:events";
import { Worker } from "node:worker_threads";

/**
 * Calls back at a fixed rate. Timers of the event loop are accurate to whole milliseconds only; this class has a thread
 * that sleeps to a fraction of a millisecond (Atomics.wait, futex(2)) and sends a message. Late beats are not skipped.
 */
export class Pacer {
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  readonly #thread: Worker;

  private constructor() {
    this.#thread = new Worker(new URL("./pacer-thread.mjs", import.meta.url), {
      workerData: { stop: this.#stop },
    });
  }

  /** Starts the thread. That takes seconds on a busy machine, so do it before the first beat is due. */
  static async prepare(): Promise<Pacer> {
    const pacer = new Pacer();
    await once(pacer.#thread, "message");
    return pacer;
  }

  /**
   * @param ratePerSecond beats per second, above 0
   * @param startsInMs time until beat 0, negative when it is already due; beat i follows i / ratePerSecond seconds later
   * @param onDue called once for each beat, in order, at its time or as soon as the event loop is free
   */
  start(ratePerSecond: number, startsInMs: number, onDue: (index: number) => void): void {
    const startNs = process.hrtime.bigint() + BigInt(Math.round(startsInMs * 1e6));
    let next = 0;
    this.#thread.on("message", (due: number) => {
      while (next < due) onDue(next++);
    });
    this.#thread.postMessage({ startNs, intervalMs: 1000 / ratePerSecond });
  }

  /** Ends the thread; afterwards `onDue` is not called again. */
  async stop(): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    Atomics.notify(this.#stop, 0);
    await this.#thread.terminate();
  }
}
