import type { ProbeAnswer } from "../lifecycle/health.ts";

/** A worker as the probes see it. */
export interface WorkerHealth {
  readonly number: number;
  readonly state: "starting" | "ready" | "leaving" | "killed";
  /** Seconds, about, since it was last heard. */
  readonly silent: number;
  readonly rssBytes: number;
  /** What it last said of its being ready, and of all its parts. */
  readonly answer: ProbeAnswer | undefined;
  readonly report: ProbeAnswer | undefined;
}

/** A worker silent for longer is not counted on. */
const patienceBeats = 5;

/** What the probes are told of a pod of several workers: it is as ready as its readiest one. */
export class PodHealth {
  readonly #workers: () => readonly WorkerHealth[];
  #isDraining = false;

  constructor(workers: () => readonly WorkerHealth[]) {
    this.#workers = workers;
  }

  /** From now on not ready. */
  drain(): void {
    this.#isDraining = true;
  }

  /**
   * Not live: workers serve, and not one's event loop turns. That no worker is there is no reason to end the pod: the
   * supervisor starts them, and knows when to give up.
   */
  get live(): ProbeAnswer {
    const serving = this.#workers().filter(({ state }) => state === "ready" || state === "leaving");
    const isStuck = serving.length > 0 && serving.every(({ silent }) => silent > patienceBeats);
    return isStuck
      ? answer(503, { status: "not live", reason: "nothing is heard from any worker" })
      : answer(200, { status: "live" });
  }

  get ready(): ProbeAnswer {
    if (this.#isDraining) return answer(503, { status: "not ready", reason: "shutting down" });
    const serving = this.#workers().filter(
      ({ state, silent }) => state === "ready" && silent <= patienceBeats,
    );
    const best = serving.find((worker) => worker.answer?.status === 200) ?? serving[0];
    return best?.answer ?? answer(503, { status: "not ready", reason: "no worker is ready" });
  }

  /** `ok` when all workers are, with what each says of itself; `degraded` while only some serve as they should. */
  get report(): ProbeAnswer {
    const { status } = this.ready;
    const workers = this.#workers().map(({ number, state, rssBytes, report }) => ({
      ...{ number, state, rssBytes },
      health: report ? JSON.parse(report.body) : null,
    }));
    const isOk = workers.every(({ state, health }) => state === "ready" && health?.status === "ok");
    const summary = this.#isDraining ? "draining" : status === 200 ? (isOk ? "ok" : "degraded") : "starting";
    return answer(status, { status: summary, workers });
  }
}

function answer(status: ProbeAnswer["status"], body: object): ProbeAnswer {
  return { status, body: JSON.stringify(body) };
}
