import { onlyCounters } from "../metrics/metric-sources.ts";
import { mergeStatsData, type StatsData } from "../metrics/stats.ts";

/** Keeps the counters of exited workers, so that the pod's counters never decrease. */
export class EndedWorkers {
  readonly #last = new Map<number, StatsData>();
  #sum: StatsData | undefined;

  /** Stores the latest stats of a running worker. */
  remember(id: number, data: StatsData): void {
    this.#last.set(id, data);
  }

  /** The latest stats of a running worker. */
  lastOf(id: number): StatsData | undefined {
    return this.#last.get(id);
  }

  /** Adds the counters of a worker that has exited. */
  add(id: number): void {
    const last = this.#last.get(id);
    if (last === undefined) return;
    this.#last.delete(id);
    const counted = onlyCounted(last);
    this.#sum = this.#sum ? mergeStatsData([this.#sum, counted]) : counted;
  }

  get sum(): readonly StatsData[] {
    return this.#sum ? [this.#sum] : [];
  }
}

/** Removes memory, event-loop delay and all other gauges. */
function onlyCounted({ routes, process, parts }: StatsData): StatsData {
  return {
    processes: 0,
    routes,
    process: {
      ...process,
      memory: { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 },
      eventLoop: { ...process.eventLoop, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0, utilization: 0 },
      openFiles: 0,
    },
    parts: onlyCounters(parts),
  };
}
