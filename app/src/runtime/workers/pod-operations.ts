import type { Readable } from "node:stream";
import { OperationRefused, type Operations, type SnapshotAnswer } from "../http/operations.ts";
import { mergeMetrics, metricsContentType } from "../metrics/metrics.ts";
import { mergeStats, type StatsPart } from "../metrics/stats.ts";
import type { GoneWorkers } from "./ended-workers.ts";
import type { Question } from "./messages.ts";

/** A worker that serves, to be asked. */
export interface AskedWorker {
  readonly id: number;
  readonly number: number;
  readonly rssBytes: number;
  ask(question: Question, timeoutMs: number, argument?: string): Promise<unknown>;
}

export interface ClusterParts {
  /** Those that serve. */
  workers: () => readonly AskedWorker[];
  gone: GoneWorkers;
  /** Of the supervisor; in bytes. */
  rss: () => number;
  /** The folder that all workers share. */
  snapshots?: {
    list(): Promise<unknown>;
    open(name: string): Promise<Readable | undefined>;
  };
}

const figuresMs = 2000;
/** A snapshot of a heap takes seconds, in which its worker does nothing else. */
const snapshotMs = 120_000;
const clearMs = 60_000;

/** The operations of a pod of several workers. */
export class ClusterOperations implements Operations {
  readonly metricsContentType = metricsContentType;
  readonly #parts: ClusterParts;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
  }

  async metrics(): Promise<string> {
    return mergeMetrics(await this.#figures("metrics"));
  }

  async stats(): Promise<unknown> {
    return mergeStats(await this.#figures("stats"));
  }

  /** Each worker's report, and all resident memory; what processes share counts in each. */
  async memory(): Promise<unknown> {
    const workers = await Promise.all(
      this.#workers().map(async (worker) => ({
        number: worker.number,
        rssBytes: worker.rssBytes,
        ...(await worker.ask("memory", figuresMs).then(
          (report) => ({ report }),
          (error: Error) => ({ error: error.message }),
        )),
      })),
    );
    const supervisorRssBytes = this.#parts.rss();
    const rssBytes = workers.reduce((sum, worker) => sum + worker.rssBytes, supervisorRssBytes);
    return { rssBytes, supervisorRssBytes, workers };
  }

  async takeSnapshot(number?: number): Promise<SnapshotAnswer> {
    const workers = this.#workers().toSorted((a, b) => b.rssBytes - a.rssBytes);
    const worker = number === undefined ? workers[0] : workers.find((each) => each.number === number);
    if (!worker) {
      const numbers = workers.map((each) => each.number).sort((a, b) => a - b);
      throw new OperationRefused(404, `there is no worker ${number}, only ${numbers.join(", ")}`);
    }
    return (await worker.ask("snapshot", snapshotMs)) as SnapshotAnswer;
  }

  async listSnapshots(): Promise<unknown> {
    return this.#snapshots.list();
  }

  async openSnapshot(name: string): Promise<Readable | undefined> {
    return this.#snapshots.open(name);
  }

  /** One worker after the other: the first clears what they share, the others what each has to itself. */
  async clearCache(pattern: string): Promise<number> {
    let cleared = 0;
    const failures: unknown[] = [];
    for (const worker of this.#workers()) {
      try {
        cleared += (await worker.ask("clearCache", clearMs, pattern)) as number;
      } catch (error) {
        // The others still forget what they have.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return cleared;
  }

  /** Of all workers, those that ended included. Of one that does not answer in time: what it told last. */
  async #figures(question: "metrics" | "stats"): Promise<StatsPart[]> {
    const { gone } = this.#parts;
    const parts = await Promise.all(
      this.#workers().map(async ({ id, ask }) => {
        try {
          const part = (await ask(question, figuresMs)) as StatsPart;
          gone.remember(id, part);
          return [part];
        } catch {
          return gone.lastOf(id) ?? [];
        }
      }),
    );
    const all = [...parts.flat(), ...gone.sum];
    if (all.length === 0) throw new OperationRefused(503, "no worker answers");
    return all;
  }

  #workers(): readonly AskedWorker[] {
    const workers = this.#parts.workers();
    if (workers.length === 0) throw new OperationRefused(503, "no worker serves");
    return workers;
  }

  get #snapshots() {
    if (!this.#parts.snapshots) throw new OperationRefused(503, "not available: heap snapshots");
    return this.#parts.snapshots;
  }
}
