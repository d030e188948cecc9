import type { ProbeResponse } from "../lifecycle/health.ts";

/** The state of a worker that the probes depend on. */
export interface WorkerHealth {
  readonly workerIndex: number;
  readonly state: "starting" | "ready" | "leaving" | "killed";
  /** About one per second without a message from the worker. */
  readonly missedHeartbeats: number;
  readonly rssBytes: number;
  /** Readiness and health report of the last heartbeat. */
  readonly ready: ProbeResponse | undefined;
  readonly report: ProbeResponse | undefined;
}

/** Maximum number of missed heartbeats. A worker that missed more counts as hung. */
const maxMissedHeartbeats = 5;

/** Probe responses of a pod with several workers. The pod is ready if any worker is ready. */
export class PodHealth {
  readonly #workers: () => readonly WorkerHealth[];
  #isDraining = false;

  constructor(workers: () => readonly WorkerHealth[]) {
    this.#workers = workers;
  }

  /** Makes the pod not ready, for good. */
  drain(): void {
    this.#isDraining = true;
  }

  /**
   * Not live if there are serving workers and none of their event loops responds. A pod without workers is live: the
   * supervisor restarts them, and ends the pod itself when that fails.
   */
  get live(): ProbeResponse {
    const serving = this.#workers().filter(({ state }) => state === "ready" || state === "leaving");
    const isStuck = serving.length > 0 && serving.every(isSilent);
    return isStuck
      ? respond(503, { status: "not live", reason: "no worker sends heartbeats" })
      : respond(200, { status: "live" });
  }

  get ready(): ProbeResponse {
    if (this.#isDraining) return respond(503, { status: "not ready", reason: "shutting down" });
    const serving = this.#workers().filter((worker) => worker.state === "ready" && !isSilent(worker));
    const best = serving.find((worker) => worker.ready?.status === 200) ?? serving[0];
    return best?.ready ?? respond(503, { status: "not ready", reason: "no worker is ready" });
  }

  /** `ok` if all workers are ok; `degraded` if only some are. Includes the report of each worker. */
  get report(): ProbeResponse {
    const { status } = this.ready;
    const workers = this.#workers().map(({ workerIndex, state, rssBytes, report }) => ({
      number: workerIndex,
      state,
      rssBytes,
      health: report ? JSON.parse(report.body) : null,
    }));
    const isOk = workers.every(({ state, health }) => state === "ready" && health?.status === "ok");
    const summary = this.#isDraining ? "draining" : status === 200 ? (isOk ? "ok" : "degraded") : "starting";
    return respond(status, { status: summary, workers });
  }
}

function isSilent(worker: WorkerHealth): boolean {
  return worker.missedHeartbeats > maxMissedHeartbeats;
}

function respond(status: ProbeResponse["status"], body: object): ProbeResponse {
  return { status, body: JSON.stringify(body) };
}
