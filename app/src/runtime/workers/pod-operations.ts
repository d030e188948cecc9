import {
  OperationRefused,
  type Operations,
  type SnapshotFile,
  type SnapshotResult,
} from "../http/operations.ts";
import type { HeapSnapshots } from "../memory/heap-snapshots.ts";
import { mergeMetrics, metricsContentType } from "../metrics/metrics.ts";
import { mergeStats, type StatsData } from "../metrics/stats.ts";
import type { EndedWorkers } from "./ended-workers.ts";
import type { WorkerOperation } from "./messages.ts";

/** A serving worker that accepts requests of the supervisor. */
export interface ServingWorker {
  readonly id: number;
  readonly workerIndex: number;
  readonly rssBytes: number;
  request(operation: WorkerOperation, timeoutMs: number, argument?: string): Promise<unknown>;
}

/** Parts of a pod with several workers. */
export interface PodOperationsParts {
  workers: () => readonly ServingWorker[];
  ended: EndedWorkers;
  /** Resident memory of the supervisor, in bytes. */
  rss: () => number;
  /** The folder that all workers share. */
  snapshots?: Pick<HeapSnapshots, "list" | "find">;
}

const statsTimeoutMs = 2000;
/** A heap snapshot blocks its worker for seconds. */
const snapshotTimeoutMs = 120_000;
const clearTimeoutMs = 60_000;

/** The operations of a pod with several workers. */
export class PodOperations implements Operations {
  readonly metricsContentType = metricsContentType;
  readonly #parts: PodOperationsParts;

  constructor(parts: PodOperationsParts) {
    this.#parts = parts;
  }

  async metrics(): Promise<string> {
    return mergeMetrics(await this.#collect("metrics"));
  }

  async stats(): Promise<unknown> {
    return mergeStats(await this.#collect("stats"));
  }

  /** Each worker's report and the sum of resident memory, in which memory that processes share counts repeatedly. */
  async memory(): Promise<unknown> {
    const workers = await Promise.all(
      this.#workers().map(async (worker) => ({
        number: worker.workerIndex,
        rssBytes: worker.rssBytes,
        ...(await worker.request("memory", statsTimeoutMs).then(
          (report) => ({ report }),
          (error: Error) => ({ error: error.message }),
        )),
      })),
    );
    const supervisorRssBytes = this.#parts.rss();
    const rssBytes = workers.reduce((sum, worker) => sum + worker.rssBytes, supervisorRssBytes);
    return { rssBytes, supervisorRssBytes, workers };
  }

  async takeSnapshot(workerIndex?: number): Promise<SnapshotResult> {
    const workers = this.#workers().toSorted((a, b) => b.rssBytes - a.rssBytes);
    const worker =
      workerIndex === undefined
        ? workers[0]
        : workers.find((candidate) => candidate.workerIndex === workerIndex);
    if (!worker) {
      const known = workers.map((candidate) => candidate.workerIndex).sort((a, b) => a - b);
      throw new OperationRefused(404, `there is no worker ${workerIndex}, only ${known.join(", ")}`);
    }
    return (await worker.request("snapshot", snapshotTimeoutMs)) as SnapshotResult;
  }

  async listSnapshots(): Promise<unknown> {
    return this.#snapshots.list();
  }

  async findSnapshot(name: string): Promise<SnapshotFile | undefined> {
    return this.#snapshots.find(name);
  }

  /** Clears worker by worker: the first one clears Redis, and each one clears its own copies. */
  async clearCache(pattern: string): Promise<number> {
    let cleared = 0;
    const failures: unknown[] = [];
    for (const worker of this.#workers()) {
      try {
        cleared += (await worker.request("clearCache", clearTimeoutMs, pattern)) as number;
      } catch (error) {
        // The remaining workers still clear their copies.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return cleared;
  }

  /**
   * Stats of all workers, including exited ones. If a worker does not reply in time, or is being killed, its last stats are
   * used. All are read at one moment, after the replies: a worker that ended since then counts once.
   */
  async #collect(operation: "metrics" | "stats"): Promise<StatsData[]> {
    const { ended } = this.#parts;
    await Promise.all(
      this.#workers().map(async ({ id, request }) => {
        const data = await request(operation, statsTimeoutMs).catch(() => undefined);
        if (data !== undefined) ended.remember(id, data as StatsData);
      }),
    );
    const all = [...ended.running.flatMap((id) => ended.lastOf(id) ?? []), ...ended.sum];
    if (all.length === 0) throw new OperationRefused(503, "no worker answers");
    return all;
  }

  #workers(): readonly ServingWorker[] {
    const workers = this.#parts.workers();
    if (workers.length === 0) throw new OperationRefused(503, "no worker serves");
    return workers;
  }

  get #snapshots() {
    if (!this.#parts.snapshots) throw new OperationRefused(503, "not available: heap snapshots");
    return this.#parts.snapshots;
  }
}
