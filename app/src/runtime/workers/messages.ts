import type { ProbeResponse } from "../lifecycle/health.ts";
import type { StatsData } from "../metrics/stats.ts";

/** Operations that the supervisor requests from a worker. */
export type WorkerOperation = "metrics" | "stats" | "memory" | "snapshot" | "clearCache";

/** Messages from a worker to the supervisor, sent as JSON. */
export type FromWorker =
  /** The worker listens. */
  | { type: "worker_ready" }
  /** Heartbeat, sent every second and when readiness changes; also shows that the event loop is alive. */
  | { type: "heartbeat"; rssBytes: number; ready: ProbeResponse; report: ProbeResponse }
  /** The stats so far, sent every 5 s and before the worker exits. */
  | { type: "metrics"; stats: StatsData }
  /** The reason why the worker is about to exit. */
  | { type: "failed"; reason: string }
  /** The reply to one request. */
  | {
      type: "reply";
      requestId: number;
      value?: unknown;
      error?: { statusCode: number | undefined; message: string };
    };

/** Messages from the supervisor to a worker. */
export type ToWorker =
  | { type: "leave"; reason: string }
  | { type: "request"; requestId: number; operation: WorkerOperation; argument?: string };
