import { OperationRefused } from "../http/operations.ts";
import type { FromWorker, Question, ToWorker } from "./messages.ts";

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** The supervisor's side of the talk with one worker: questions, each with a time limit. */
export class WorkerTalk {
  readonly #number: number;
  readonly #say: (message: ToWorker) => void;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #isGone = false;

  /** @param number of the worker, for messages */
  constructor(number: number, say: (message: ToWorker) => void) {
    this.#number = number;
    this.#say = say;
  }

  /** @throws {OperationRefused} when no answer came in time, the worker ended, or it refused. */
  ask(question: Question, timeoutMs: number, argument?: string): Promise<unknown> {
    if (this.#isGone) return Promise.reject(this.#refused("ended"));
    const ask = ++this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(ask);
        reject(this.#refused(`did not answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(ask, { resolve, reject, timer });
      this.#say({ type: "ask", ask, question, ...(argument !== undefined && { argument }) });
    });
  }

  /** The worker's answer; one that comes too late is dropped. */
  answered({ ask, value, error }: Extract<FromWorker, { type: "answer" }>): void {
    const waiting = this.#waiting.get(ask);
    if (!waiting) return;
    this.#waiting.delete(ask);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve(value);
    else if (error.statusCode !== undefined)
      waiting.reject(new OperationRefused(error.statusCode, error.message));
    else waiting.reject(new Error(`worker ${this.#number}: ${error.message}`));
  }

  /** The worker is gone: nobody waits for its answers any more. */
  close(): void {
    this.#isGone = true;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#refused("ended"));
    }
    this.#waiting.clear();
  }

  #refused(what: string): OperationRefused {
    return new OperationRefused(503, `worker ${this.#number} ${what}`);
  }
}
