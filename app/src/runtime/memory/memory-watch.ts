import type { MemoryConfig } from "../../config/config.ts";
import type { Log } from "../log.ts";
import { memoryInUse, memoryLimit } from "../process/container-limits.ts";
import { heapLimit } from "./heap-limit.ts";
import { HeapSnapshots } from "./heap-snapshots.ts";
import { MemoryMonitor, type MemoryReport } from "./monitor.ts";

const MiB = 1024 ** 2;
/** Growth that is normal in addition to the caches. */
const usualGrowthBytes = 8 * MiB;
/** Minimum time between snapshots for the same reason: the second would show the same as the first. */
const snapshotPauseMs = 600_000;

/** Turns of all processes that share a store, by the reason of the snapshot. Neither method rejects. */
export interface SnapshotTurns {
  /** @returns false if another process had its turn in the last `forMs` */
  claim(reason: string, forMs: number): Promise<boolean>;
  /** Gives the turn to another process. */
  release(reason: string): Promise<void>;
}

/** The memory monitor of a process. It takes heap snapshots at a suspected leak and near the heap's limit. */
export class MemoryWatch {
  readonly monitor: MemoryMonitor;
  /** Undefined when there is no folder for snapshots. */
  readonly snapshots: HeapSnapshots | undefined;
  readonly #log: Log;
  readonly #turns: SnapshotTurns | undefined;
  readonly #takenAt = new Map<string, number>();

  /**
   * @param cacheBytes size limit of the caches in this process: growth up to it is not a leak
   * @param limitBytes memory limit of this process; snapshots use the limit of the whole pod
   * @param turns lets one process of all pods at a time take a snapshot; undefined: each takes its own
   */
  constructor(
    config: MemoryConfig,
    podName: string,
    cacheBytes: number,
    limitBytes: number,
    log: Log,
    turns?: SnapshotTurns,
  ) {
    this.#log = log;
    this.#turns = turns;
    const { snapshotDir: dir, snapshotsKept: kept } = config;
    const memory = () => ({
      limitBytes: memoryLimit(),
      usedBytes: Math.max(process.memoryUsage.rss(), memoryInUse() ?? 0),
    });
    this.snapshots = dir === undefined ? undefined : new HeapSnapshots({ dir, kept, podName, memory, log });
    this.monitor = new MemoryMonitor({
      intervalMs: config.intervalMs,
      samples: config.samples,
      limitBytes,
      heapLimitBytes: heapLimit(),
      minGrowthBytes: usualGrowthBytes + cacheBytes,
      onLeak: (report) => {
        log.warn(factsOf(report), "memory grows like a leak");
        void this.#snapshot("leak suspected");
      },
      onNearHeapLimit: (report) => {
        log.warn(factsOf(report), "the heap is nearly full");
        void this.#snapshot("near heap limit");
      },
    });
  }

  async start(): Promise<void> {
    this.monitor.start();
    await this.snapshots
      ?.start()
      .catch((error: Error) =>
        this.#log.warn({ err: error }, "the folder of the heap snapshots cannot be used"),
      );
  }

  stop(): void {
    this.monitor.stop();
  }

  async #snapshot(reason: string): Promise<void> {
    const before = this.#takenAt.get(reason) ?? Number.NEGATIVE_INFINITY;
    if (!this.snapshots || performance.now() - before < snapshotPauseMs) return;
    this.#takenAt.set(reason, performance.now());
    try {
      // Pods with the same leak reach it at the same time, and a snapshot blocks its process for seconds.
      const isTurn = await this.#turns?.claim(reason, snapshotPauseMs);
      if (isTurn === false) {
        this.#log.info({ why: reason }, "another process takes the heap snapshot");
        return;
      }
      const result = await this.snapshots.take(reason);
      if (result.taken) return;
      await this.#turns?.release(reason);
      this.#log.warn({ why: reason, ...result }, "no heap snapshot was taken");
    } catch (error) {
      this.#log.warn({ err: error }, "no heap snapshot was taken");
    }
  }
}

function factsOf({ newest, trend, floor, heapLimitBytes, limitBytes }: MemoryReport) {
  const { rss, heapUsed, external } = newest;
  return { ...trend, floor, rss, heapUsed, external, limitBytes, heapLimitBytes };
}
