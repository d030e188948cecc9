import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";

/** Response to a probe. */
export interface ProbeResponse {
  status: 200 | 503;
  body: string;
}

/** Health of a part of the API, with its stats. While a part is degraded, the API is slower or serves fewer requests. */
export interface PartHealth {
  degraded: boolean;
  [stat: string]: unknown;
}

/** Parts that the probes depend on. */
export interface HealthParts {
  database: {
    /** Called until it resolves; the process is ready then. */
    createSchema(): Promise<void>;
    /** Called after it, so that the first requests find connections. */
    openConnections(): Promise<void>;
    /** Called each second. */
    ping(): Promise<void>;
  };
  log: Log;
  /** Health of the other parts in the full report, by name. */
  report?: Record<string, () => PartHealth>;
}

const checkEveryMs = 1_000;
const retryEveryMs = 500;
/** Consecutive failed checks after which the database counts as lost: one slow second is not enough. */
const failuresToLose = 3;
const live: ProbeResponse = { status: 200, body: '{"status":"live"}' };
const ready: ProbeResponse = { status: 200, body: '{"status":"ready"}' };
const draining: ProbeResponse = { status: 503, body: '{"status":"not ready","reason":"shutting down"}' };
const starting: ProbeResponse = {
  status: 503,
  body: '{"status":"not ready","reason":"the database has not answered yet"}',
};

/**
 * Responses of the probes. A timer runs the checks, so that probes are cheap and cannot pile up.
 *
 * A pod becomes ready when its database answers for the first time, and then stays ready without it: the cache can still
 * serve reads, and all pods would otherwise become unready together. Readiness does not depend on Redis: without it the
 * API is slower but correct.
 */
export class Health {
  readonly #parts: HealthParts;
  readonly #stop = new AbortController();
  #database: "starting" | "up" | "down" = "starting";
  #draining = false;

  constructor(parts: HealthParts) {
    this.#parts = parts;
  }

  get live(): ProbeResponse {
    return live;
  }

  get ready(): ProbeResponse {
    if (this.#draining) return draining;
    return this.#database === "starting" ? starting : ready;
  }

  /** Full report: `ok`, `degraded` (both ready), `starting` or `draining`, and the state of each part. */
  get report(): ProbeResponse {
    const parts: Record<string, PartHealth> = {
      database: { degraded: this.#database !== "up", state: this.#database },
    };
    for (const [name, read] of Object.entries(this.#parts.report ?? {})) parts[name] = read();
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

  /** Makes the pod not ready, for good. */
  drain(): void {
    this.#draining = true;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Creates the schema and opens the connections when the database answers, then checks the database until `stop`. Never rejects. */
  async watch(): Promise<void> {
    const { database, log } = this.#parts;
    let failures = 0;
    let lastReason: string | undefined;
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#database === "starting") {
          await database.createSchema();
          await database.openConnections();
        } else await database.ping();
        failures = 0;
        if (this.#database !== "up") log.info({}, "database connected");
        this.#database = "up";
      } catch (error) {
        failures++;
        // A changed reason is logged too: first no answer, then a missing privilege.
        const reason = reasonOf(error);
        if (this.#database === "starting" && reason !== lastReason)
          log.warn({ err: error, reason }, "database does not answer, or refuses; waiting");
        lastReason = reason;
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

/** The database's own words, which the error for clients has as its cause. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as Error;
  return cause instanceof Error ? cause.message : String(cause);
}
