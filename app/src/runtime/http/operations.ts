import type { Readable } from "node:stream";
import { HttpError } from "./http-errors.ts";

/** Facts of a heap snapshot, or the reason why none was taken, in words and numbers. */
export type SnapshotResult =
  | { taken: true; name: string; bytes: number; tookMs: number }
  | { taken: false; reason: string; numbers: Record<string, number> };

/** A stored heap snapshot. */
export interface SnapshotFile {
  bytes: number;
  open(): Promise<Readable>;
}

/** Operations on a pod with all its workers. Each may reject; {@link refusalStatus} maps the error to a status. */
export interface Operations {
  readonly metricsContentType: string;
  /** Metrics in Prometheus' text format. */
  metrics(): Promise<string>;
  stats(): Promise<unknown>;
  memory(): Promise<unknown>;
  /** @param workerIndex from 1; default: the worker that uses most memory */
  takeSnapshot(workerIndex?: number): Promise<SnapshotResult>;
  listSnapshots(): Promise<unknown>;
  /** Undefined if there is no snapshot of that name. */
  findSnapshot(name: string): Promise<SnapshotFile | undefined>;
  /** Returns the number of cleared keys. */
  clearCache(pattern: string): Promise<number>;
}

/** The operation is not possible. The operator receives the message. */
export class OperationRefused extends HttpError {
  override name = "OperationRefused";
}

/** Status of an error that has one, which is sent with its message; undefined for any other error. */
export function refusalStatus(error: unknown): number | undefined {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}

/** Parts of one serving process. Operations of an absent part respond with 503. */
export interface OperationParts {
  metrics: { readonly contentType: string; render(): Promise<string> };
  stats?: () => unknown;
  memory?: () => unknown;
  snapshots?: {
    take(reason: string): Promise<SnapshotResult>;
    list(): Promise<unknown>;
    find(name: string): Promise<SnapshotFile | undefined>;
  };
  cache?: { clear(pattern: string): Promise<number> };
}

/** The operations of a pod that consists of one process. */
export class ProcessOperations implements Operations {
  readonly #parts: OperationParts;

  constructor(parts: OperationParts) {
    this.#parts = parts;
  }

  get metricsContentType(): string {
    return this.#parts.metrics.contentType;
  }

  metrics(): Promise<string> {
    return this.#parts.metrics.render();
  }

  async stats(): Promise<unknown> {
    return available(this.#parts.stats, "statistics")();
  }

  async memory(): Promise<unknown> {
    return available(this.#parts.memory, "the memory report")();
  }

  async takeSnapshot(workerIndex = 1): Promise<SnapshotResult> {
    if (workerIndex !== 1) throw new OperationRefused(404, `there is no worker ${workerIndex}, only 1`);
    return this.#snapshots.take("asked for");
  }

  async listSnapshots(): Promise<unknown> {
    return this.#snapshots.list();
  }

  async findSnapshot(name: string): Promise<SnapshotFile | undefined> {
    return this.#snapshots.find(name);
  }

  async clearCache(pattern: string): Promise<number> {
    return available(this.#parts.cache, "the cache").clear(pattern);
  }

  get #snapshots() {
    return available(this.#parts.snapshots, "heap snapshots");
  }
}

function available<T>(part: T | undefined, what: string): T {
  if (part === undefined) throw new OperationRefused(503, `not available: ${what}`);
  return part;
}
