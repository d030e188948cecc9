import type { Readable } from "node:stream";
import { HttpError } from "./http-errors.ts";

/** Facts of a heap snapshot that was taken, or why none was. */
export type SnapshotAnswer =
  | { taken: true; name: string; bytes: number; tookMs: number }
  | { taken: false; reason: string; figures: Record<string, number> };

/** What an operator asks of a pod, over all of its workers. Everything may reject; {@link refusalStatus} tells how to answer. */
export interface Operations {
  readonly metricsContentType: string;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
  stats(): Promise<unknown>;
  memory(): Promise<unknown>;
  /** @param worker number of the worker, from 1; usually the one that needs most memory */
  takeSnapshot(worker?: number): Promise<SnapshotAnswer>;
  listSnapshots(): Promise<unknown>;
  /** Nothing when there is none of that name. */
  openSnapshot(name: string): Promise<Readable | undefined>;
  /** Gives how many keys were cleared. */
  clearCache(pattern: string): Promise<number>;
}

/** What was asked cannot be done, for a reason that whoever asked should read. */
export class OperationRefused extends HttpError {
  override name = "OperationRefused";
}

/** The status to answer with for an error that says so itself, with its message; undefined for any other. */
export function refusalStatus(error: unknown): number | undefined {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}

/** Parts of one process that serves; what is absent is answered with 503. */
export interface OperationParts {
  metrics: { readonly contentType: string; render(): Promise<string> };
  stats?: () => unknown;
  memory?: () => unknown;
  snapshots?: {
    take(reason: string): Promise<SnapshotAnswer>;
    list(): Promise<unknown>;
    open(name: string): Promise<Readable | undefined>;
  };
  cache?: { clear(pattern: string): Promise<number> };
}

/** The operations of a pod that is one process. */
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

  async takeSnapshot(worker = 1): Promise<SnapshotAnswer> {
    if (worker !== 1) throw new OperationRefused(404, `there is no worker ${worker}, only 1`);
    return this.#snapshots.take("asked for");
  }

  async listSnapshots(): Promise<unknown> {
    return this.#snapshots.list();
  }

  async openSnapshot(name: string): Promise<Readable | undefined> {
    return this.#snapshots.open(name);
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
