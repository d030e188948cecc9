import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../database/database.ts";

export interface HealthLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

/** Answer to a probe. */
export interface ProbeAnswer {
  status: 200 | 503;
  body: string;
}

/** How a part of the API does. Degraded: without it the API is slower or serves less. */
export interface PartHealth {
  degraded: boolean;
  [figure: string]: unknown;
}

export interface HealthParts {
  database: Pick<Database, "createSchema" | "ping">;
  log: HealthLog;
  /** What the full report tells beside the database, by name. */
  report?: Record<string, () => PartHealth>;
}

const checkEveryMs = 1_000;
const retryEveryMs = 500;
/** Failed checks in a row after which the database counts as lost: one slow second is no loss. */
const failuresToLose = 3;
const live: ProbeAnswer = { status: 200, body: '{"status":"live"}' };
const ready: ProbeAnswer = { status: 200, body: '{"status":"ready"}' };
const draining: ProbeAnswer = { status: 503, body: '{"status":"not ready","reason":"shutting down"}' };
const starting: ProbeAnswer = {
  status: 503,
  body: '{"status":"not ready","reason":"the database has not answered yet"}',
};

/**
 * What the probes are told. Checks run on their own clock, so that probes cost nothing and cannot pile up.
 *
 * Ready means that a request is better sent here than nowhere. So a pod is not ready before it met its database, and stays
 * ready without it from then on: reads are answered from the cache, and all pods would leave at once. The cache is no
 * part of it: without it the API is slower, not wrong.
 */
export class Health {
  readonly #parts: HealthParts;
  readonly #stop = new AbortController();
  #database: "starting" | "up" | "down" = "starting";
  #draining = false;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  get live(): ProbeAnswer {
    return live;
  }

  get ready(): ProbeAnswer {
    if (this.#draining) return draining;
    return this.#database === "starting" ? starting : ready;
  }

  /** Everything, for people: `ok`, `degraded` (both ready), `starting` or `draining`, and the state of each part. */
  get report(): ProbeAnswer {
    const parts: Record<string, PartHealth> = {
      database: { degraded: this.#database !== "up", state: this.#database },
    };
    for (const [name, look] of Object.entries(this.#parts.report ?? {})) parts[name] = look();
    const degraded = Object.keys(parts).filter((name) => parts[name]?.degraded);
    const status = this.#draining
      ? "draining"
      : this.#database === "starting"
        ? "starting"
        : degraded.length > 0
          ? "degraded"
          : "ok";
    const report = { status, degraded, uptimeSeconds: Math.round(process.uptime()), parts };
    return { status: this.ready.status, body: JSON.stringify(report) };
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
    const { database, log } = this.#parts;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        await (this.#database === "starting" ? database.createSchema() : database.ping());
        failures = 0;
        if (this.#database !== "up") log.info({}, "database connected");
        this.#database = "up";
      } catch (error) {
        failures++;
        if (failures === 1 && this.#database === "starting")
          log.warn({ err: error }, "database does not answer; waiting");
        if (failures === failuresToLose && this.#database === "up") {
          log.warn({ err: error, failures }, "database lost: reads may be stale, writes fail");
          this.#database = "down";
        }
      }
      const pauseMs = failures === 0 ? checkEveryMs : retryEveryMs;
      await sleep(pauseMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
    }
  }
}
