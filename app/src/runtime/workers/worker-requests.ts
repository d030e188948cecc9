import { OperationRefused } from "../http/operations.ts";
import type { FromWorker, ToWorker, WorkerOperation } from "./messages.ts";

interface PendingRequest {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** The supervisor's requests to one worker, each with a time limit. */
export class WorkerRequests {
  readonly #workerIndex: number;
  readonly #send: (message: ToWorker) => void;
  readonly #pending = new Map<number, PendingRequest>();
  #lastRequestId = 0;
  #isClosed = false;

  /** @param workerIndex used in error messages */
  constructor(workerIndex: number, send: (message: ToWorker) => void) {
    this.#workerIndex = workerIndex;
    this.#send = send;
  }

  /**
   * Sends a request and waits for the reply.
   *
   * @throws {OperationRefused} when no reply comes in time, the worker exits, or the worker refuses.
   */
  request(operation: WorkerOperation, timeoutMs: number, argument?: string): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(this.#refused("ended"));
    const requestId = ++this.#lastRequestId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(requestId);
        reject(this.#refused(`did not answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(requestId, { resolve, reject, timer });
      this.#send({ type: "request", requestId, operation, ...(argument !== undefined && { argument }) });
    });
  }

  /** Settles the request that a reply belongs to. A late reply is ignored. */
  settle({ requestId, value, error }: Extract<FromWorker, { type: "reply" }>): void {
    const pending = this.#pending.get(requestId);
    if (!pending) return;
    this.#pending.delete(requestId);
    clearTimeout(pending.timer);
    if (error === undefined) pending.resolve(value);
    else if (error.statusCode !== undefined)
      pending.reject(new OperationRefused(error.statusCode, error.message));
    else pending.reject(new Error(`worker ${this.#workerIndex}: ${error.message}`));
  }

  /** Rejects all pending and later requests: the worker has exited. */
  close(): void {
    this.#isClosed = true;
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(this.#refused("ended"));
    }
    this.#pending.clear();
  }

  #refused(what: string): OperationRefused {
    return new OperationRefused(503, `worker ${this.#workerIndex} ${what}`);
  }
}
