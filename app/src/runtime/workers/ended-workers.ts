import { onlyCounters } from "../metrics/metric-sources.ts";
import { mergeStatsData, type StatsData } from "../metrics/stats.ts";

/** Ended workers whose last message may still be on its way. */
const keptApart = 16;

/** Keeps the counters of exited workers, so that the pod's counters never decrease. */
export class EndedWorkers {
  readonly #last = new Map<number, StatsData>();
  /** The counters of the workers that ended last, by id, oldest first. */
  readonly #ended = new Map<number, StatsData | undefined>();
  /** The counters of all earlier ones. */
  #sum: StatsData | undefined;

  /** Stores the latest stats of a worker, which may have ended just now. */
  remember(id: number, data: StatsData): void {
    if (this.#ended.has(id)) this.#ended.set(id, onlyCounted(data));
    else this.#last.set(id, data);
  }

  /** The latest stats of a running worker. */
  lastOf(id: number): StatsData | undefined {
    return this.#last.get(id);
  }

  /** Ids of the workers that have sent stats and have not ended. */
  get running(): number[] {
    return [...this.#last.keys()];
  }

  /** Adds the counters of a worker that has exited. */
  add(id: number): void {
    const last = this.#last.get(id);
    this.#last.delete(id);
    this.#ended.set(id, last && onlyCounted(last));
    const [oldest] = this.#ended;
    if (this.#ended.size <= keptApart || oldest === undefined) return;
    const [oldestId, data] = oldest;
    this.#ended.delete(oldestId);
    if (data) this.#sum = this.#sum ? mergeStatsData([this.#sum, data]) : data;
  }

  get sum(): readonly StatsData[] {
    return [this.#sum, ...this.#ended.values()].filter((data) => data !== undefined);
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
      maxFiles: 0,
      activeHandles: {},
      heapSpaces: {},
    },
    parts: onlyCounters(parts),
  };
}
