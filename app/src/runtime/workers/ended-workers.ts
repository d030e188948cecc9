import { onlyCounters } from "../metrics/metric-sources.ts";
import { mergeParts, type StatsPart } from "../metrics/stats.ts";

/** What workers that ended had counted, so that the pod's counters never run backwards. */
export class GoneWorkers {
  readonly #last = new Map<number, StatsPart>();
  #sum: StatsPart | undefined;

  /** Figures of a living worker: what will be left of it. */
  remember(id: number, part: StatsPart): void {
    this.#last.set(id, part);
  }

  /** What a living worker last told. */
  lastOf(id: number): StatsPart | undefined {
    return this.#last.get(id);
  }

  /** The worker is gone. */
  add(id: number): void {
    const last = this.#last.get(id);
    if (last === undefined) return;
    this.#last.delete(id);
    const counted = onlyCounted(last);
    this.#sum = this.#sum ? mergeParts([this.#sum, counted]) : counted;
  }

  get sum(): readonly StatsPart[] {
    return this.#sum ? [this.#sum] : [];
  }
}

/** Without memory, event-loop delay and whatever else is of the moment. */
function onlyCounted({ routes, process, parts }: StatsPart): StatsPart {
  return {
    processes: 0,
    routes,
    process: {
      ...process,
      memory: { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 },
      eventLoop: {
        ...process.eventLoop,
        ...{ meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0, utilization: 0 },
      },
      openFiles: 0,
    },
    parts: onlyCounters(parts),
  };
}
