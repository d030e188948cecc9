import { refusalStatus } from "../http/operations.ts";
import type { ProbeAnswer } from "../lifecycle/health.ts";
import type { StatsPart } from "../metrics/stats.ts";
import type { FromWorker, Question, ToWorker } from "./messages.ts";

/** The channel to the supervisor: `process` of a worker. */
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

export interface LinkParts {
  health: { readonly ready: ProbeAnswer; readonly report: ProbeAnswer };
  answers: Record<Question, (argument?: string) => unknown>;
  figures: () => StatsPart;
  /** Leave as on SIGTERM. */
  leave(reason: string): void;
  /** Resident memory in bytes. */
  rss?: () => number;
}

/** How soon a change of health is told, in which the pod's readiness lags behind the worker's. */
const lookMs = 100;
const looksPerBeat = 10;
/** What a worker that is killed had counted since is lost. */
const looksPerMetrics = 50;

/** A worker's side of the talk with its supervisor. */
export class SupervisorLink {
  readonly #channel: Channel;
  #looking: NodeJS.Timeout | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** From now on says how the worker is, each second and when its health changed, and answers. */
  open({ health, answers, figures, leave, rss = process.memoryUsage.rss }: LinkParts): void {
    this.#channel.on("message", (message) => {
      if (message.type === "leave") leave(message.reason);
      if (message.type === "ask") void this.#answer(message, answers);
    });
    let looks = 0;
    let told: string | undefined;
    const look = () => {
      const { ready } = health;
      if (looks % looksPerBeat === 0 || ready.body !== told)
        void this.#say({ type: "memory", rssBytes: rss(), ready, report: health.report });
      told = ready.body;
      if (looks % looksPerMetrics === looksPerMetrics - 1)
        void this.#say({ type: "metrics", figures: figures() });
      looks++;
    };
    look();
    this.#looking = setInterval(look, lookMs);
    this.#looking.unref();
  }

  /** The worker listens. */
  ready(): void {
    void this.#say({ type: "worker_ready" });
  }

  /** The worker is about to end for this reason. Said when this returns, as far as the channel has room. */
  failed(reason: string): void {
    void this.#say({ type: "failed", reason });
  }

  /** The worker is about to end, having counted this. Resolves when it was said. */
  async close(figures: StatsPart): Promise<void> {
    clearInterval(this.#looking);
    await this.#say({ type: "metrics", figures });
  }

  async #answer(
    { ask, question, argument }: Extract<ToWorker, { type: "ask" }>,
    answers: LinkParts["answers"],
  ): Promise<void> {
    try {
      await this.#say({ type: "answer", ask, value: await answers[question](argument) });
    } catch (error) {
      const refusal = { statusCode: refusalStatus(error), message: (error as Error).message };
      await this.#say({ type: "answer", ask, error: refusal });
    }
  }

  /** A supervisor that is gone takes its workers along, by the cluster module's own doing. */
  #say(message: FromWorker): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#channel.connected || !this.#channel.send) return resolve();
      this.#channel.send(message, undefined, undefined, () => resolve());
    });
  }
}
