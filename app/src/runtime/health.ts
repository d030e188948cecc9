import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "./database.ts";

export interface HealthLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** Answer to a probe. */
export interface ProbeAnswer {
  status: 200 | 503;
  body: string;
}

const checkEveryMs = 1_000;
const retryEveryMs = 500;
/** Failed checks in a row after which the pod asks for no more requests: one slow second is no reason to leave. */
const failuresToLeave = 3;
const live: ProbeAnswer = { status: 200, body: '{"status":"live"}' };
const ready: ProbeAnswer = { status: 200, body: '{"status":"ready"}' };
const draining: ProbeAnswer = { status: 503, body: '{"status":"not ready","reason":"shutting down"}' };
const noDatabase: ProbeAnswer = {
  status: 503,
  body: '{"status":"not ready","reason":"the database does not answer"}',
};

/**
 * What the probes are told. Checks run on their own clock, so that probes cost nothing and cannot pile up.
 * The cache is no part of it: without it the API is slower, not wrong.
 */
export class Health {
  readonly #database: Pick<Database, "createSchema" | "ping">;
  readonly #log: HealthLog;
  readonly #stop = new AbortController();
  #databaseAnswers = false;
  #draining = false;

  constructor(database: Pick<Database, "createSchema" | "ping">, log: HealthLog) {
    this.#database = database;
    this.#log = log;
  }

  get live(): ProbeAnswer {
    return live;
  }

  get ready(): ProbeAnswer {
    if (this.#draining) return draining;
    return this.#databaseAnswers ? ready : noDatabase;
  }

  /** From now on not ready. */
  drain(): void {
    this.#draining = true;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Creates the schema as soon as the database answers, then checks it until `stop`. Never rejects. */
  async watch(): Promise<void> {
    let check = () => this.#database.createSchema();
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        await check();
        check = () => this.#database.ping();
        failures = 0;
        if (!this.#databaseAnswers) this.#log.info({}, "database connected");
        this.#databaseAnswers = true;
      } catch (error) {
        failures++;
        if (failures === 1 && !this.#databaseAnswers)
          this.#log.warn({ err: error }, "database does not answer; waiting");
        if (failures === failuresToLeave && this.#databaseAnswers) {
          this.#log.warn({ err: error, failures }, "database lost: not ready");
          this.#databaseAnswers = false;
        }
      }
      const pauseMs = failures === 0 ? checkEveryMs : retryEveryMs;
      await sleep(pauseMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
    }
  }
}
