import { refusalStatus } from "../http/operations.ts";
import type { ProbeResponse } from "../lifecycle/health.ts";
import type { StatsData } from "../metrics/stats.ts";
import type { FromWorker, ToWorker, WorkerOperation } from "./messages.ts";

/** The IPC channel to the supervisor: `process` of a worker. */
export interface Channel {
  readonly connected: boolean;
  send?(
    message: unknown,
    handle: undefined,
    options: undefined,
    sent: (error: Error | null) => void,
  ): boolean;
  on(event: "message", listener: (message: ToWorker) => void): unknown;
}

/** Parts of a worker that the link reports or calls. */
export interface LinkParts {
  health: { readonly ready: ProbeResponse; readonly report: ProbeResponse };
  operations: Record<WorkerOperation, (argument?: string) => unknown>;
  stats: () => StatsData;
  /** Shuts down as on SIGTERM. */
  leave(reason: string): void;
  /** Resident memory in bytes. */
  rss?: () => number;
}

/** Longest delay until a change of readiness is sent; the pod's readiness lags behind the worker's by this time. */
const checkIntervalMs = 100;
const checksPerHeartbeat = 10;
/** Requests counted since the last metrics message are lost when a worker is killed. */
const checksPerMetrics = 50;

/** The worker's end of the connection to its supervisor. */
export class SupervisorLink {
  readonly #channel: Channel;
  #timer: NodeJS.Timeout | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Starts to send heartbeats, every second and when readiness changes, and to handle requests. */
  open({ health, operations, stats, leave, rss = process.memoryUsage.rss }: LinkParts): void {
    this.#channel.on("message", (message) => {
      if (message.type === "leave") leave(message.reason);
      if (message.type === "request") void this.#reply(message, operations);
    });
    let checks = 0;
    let sentBody: string | undefined;
    const check = () => {
      const { ready } = health;
      if (checks % checksPerHeartbeat === 0 || ready.body !== sentBody)
        void this.#send({ type: "heartbeat", rssBytes: rss(), ready, report: health.report });
      sentBody = ready.body;
      if (checks % checksPerMetrics === checksPerMetrics - 1)
        void this.#send({ type: "metrics", stats: stats() });
      checks++;
    };
    check();
    this.#timer = setInterval(check, checkIntervalMs);
    this.#timer.unref();
  }

  /** Reports that the worker listens. */
  ready(): void {
    void this.#send({ type: "worker_ready" });
  }

  /** Reports why the worker is about to exit. The message is written before this returns if the channel has room. */
  failed(reason: string): void {
    void this.#send({ type: "failed", reason });
  }

  /** Sends the final stats and stops the heartbeats. Resolves when they are sent. */
  async close(stats: StatsData): Promise<void> {
    clearInterval(this.#timer);
    await this.#send({ type: "metrics", stats });
  }

  async #reply(
    { requestId, operation, argument }: Extract<ToWorker, { type: "request" }>,
    operations: LinkParts["operations"],
  ): Promise<void> {
    try {
      await this.#send({ type: "reply", requestId, value: await operations[operation](argument) });
    } catch (error) {
      const refusal = { statusCode: refusalStatus(error), message: (error as Error).message };
      await this.#send({ type: "reply", requestId, error: refusal });
    }
  }

  /** Does nothing without a supervisor: node:cluster then ends the worker by itself. */
  #send(message: FromWorker): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#channel.connected || !this.#channel.send) return resolve();
      this.#channel.send(message, undefined, undefined, () => resolve());
    });
  }
}
