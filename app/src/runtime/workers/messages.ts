import type { ProbeAnswer } from "../lifecycle/health.ts";
import type { StatsPart } from "../metrics/stats.ts";

/** What the supervisor asks of a worker. */
export type Question = "metrics" | "stats" | "memory" | "snapshot" | "clearCache";

/** Said by a worker, as JSON. */
export type FromWorker =
  /** It listens. */
  | { type: "worker_ready" }
  /** How it is, each second and when it changed: proof of a turning event loop, too. */
  | { type: "memory"; rssBytes: number; ready: ProbeAnswer; report: ProbeAnswer }
  /** What it counted, now and then and before it ends. */
  | { type: "metrics"; figures: StatsPart }
  /** Why it is about to end. */
  | { type: "failed"; reason: string }
  | {
      type: "answer";
      ask: number;
      value?: unknown;
      error?: { statusCode: number | undefined; message: string };
    };

/** Said by the supervisor. */
export type ToWorker =
  | { type: "leave"; reason: string }
  | { type: "ask"; ask: number; question: Question; argument?: string };
