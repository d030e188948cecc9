import { mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { writeHeapSnapshot } from "node:v8";
import type { SnapshotFile, SnapshotResult } from "../http/operations.ts";
import type { Log } from "../log.ts";
import { collectGarbage } from "../process/collect-garbage.ts";
import { isAlive } from "../process/is-alive.ts";
import { checkRoom } from "./snapshot-guard.ts";

/** Settings of {@link HeapSnapshots}. */
export interface HeapSnapshotsOptions {
  /** Folder of the snapshots, shared by the worker processes of a pod. */
  dir: string;
  /** Maximum number of snapshots; the oldest is removed. */
  kept: number;
  podName: string;
  /** Memory limit and memory in use of the whole container. */
  memory(): { limitBytes: number; usedBytes: number };
  log: Log;
}

const fileName = /^heap-[\w.-]+\.heapsnapshot$/;
const unfinishedName = /^heap-[\w.-]+-(\d+)-[a-z-]+\.heapsnapshot\.partial$/;
const unfinishedForMs = 600_000;

/** Takes and lists snapshots of this process's heap, as files for Chrome DevTools. */
export class HeapSnapshots {
  readonly #options: HeapSnapshotsOptions;
  #taking = false;
  #reusableBytes = 0;

  constructor(options: HeapSnapshotsOptions) {
    this.#options = options;
  }

  /** Creates the folder, and removes unfinished snapshots of processes that have ended. */
  async start(): Promise<void> {
    const { dir } = this.#options;
    await mkdir(dir, { recursive: true });
    for (const name of await readdir(dir)) {
      const [, pid] = unfinishedName.exec(name) ?? [];
      // After a restart, the first process of a container has the pid of its predecessor.
      if (pid && (Number(pid) === process.pid || !isAlive(Number(pid)) || !(await isFresh(dir, name))))
        await rm(join(dir, name), { force: true });
    }
    await this.#removeOldest();
  }

  /**
   * Takes a snapshot if memory and disk have room for it. The process is blocked for about 50 ms per MiB of heap. The
   * memory used stays with the process, for later snapshots to reuse.
   */
  async take(reason: string): Promise<SnapshotResult> {
    if (this.#taking) return refused("another snapshot is being taken");
    this.#taking = true;
    try {
      return await this.#take(reason);
    } finally {
      this.#taking = false;
    }
  }

  /** Finished snapshots, newest first, with their time in ISO 8601. */
  async list() {
    const { dir } = this.#options;
    const names = (await readdir(dir).catch(() => [])).filter((name) => fileName.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const facts = await stat(join(dir, name)).catch(() => undefined);
        return facts && { name, bytes: facts.size, at: facts.mtime.toISOString() };
      }),
    );
    return files.filter((file) => file !== undefined).sort((a, b) => b.at.localeCompare(a.at));
  }

  /** Returns a finished snapshot; undefined if there is none of that name. */
  async find(name: string): Promise<SnapshotFile | undefined> {
    if (!fileName.test(name)) return undefined;
    const path = join(this.#options.dir, name);
    const facts = await stat(path).catch(() => undefined);
    return facts && { bytes: facts.size, open: async () => (await open(path)).createReadStream() };
  }

  async #take(reason: string): Promise<SnapshotResult> {
    const { dir, log } = this.#options;
    if (await this.#anotherProcessTakes()) return refused("another process of this pod is taking a snapshot");
    const disk = await statfs(dir).catch((error: Error) => error);
    if (disk instanceof Error) return refused(`the folder cannot be used: ${disk.message}`);
    collectGarbage();
    const before = process.memoryUsage();
    const conditions = {
      ...this.#options.memory(),
      heapUsedBytes: before.heapUsed,
      reusableBytes: this.#reusableBytes,
      diskFreeBytes: disk.bavail * disk.bsize,
    };
    const { refusal, ...need } = checkRoom(conditions);
    if (refusal) return refused(refusal, { ...conditions, ...need });
    const name = this.#nameFor(reason);
    const target = join(dir, name);
    const unfinished = `${target}.partial`;
    log.info(
      { name, ...conditions, ...need },
      "taking a heap snapshot: the process is blocked until it is done",
    );
    const startedAt = performance.now();
    try {
      writeHeapSnapshot(unfinished);
      await rename(unfinished, target);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      return refused(`it could not be written: ${(error as Error).message}`, { ...conditions, ...need });
    }
    const tookMs = Math.round(performance.now() - startedAt);
    this.#reusableBytes = Math.max(0, this.#reusableBytes + process.memoryUsage.rss() - before.rss);
    const { size: bytes } = await stat(target);
    await this.#removeOldest();
    log.info({ name, bytes, tookMs }, "heap snapshot taken");
    return { taken: true, name, bytes, tookMs };
  }

  #nameFor(reason: string): string {
    const time = new Date().toISOString().replaceAll(/[:.]/g, "-");
    const pod = this.#options.podName.replaceAll(/[^\w.-]/g, "-") || "pod";
    const why = reason.toLowerCase().replaceAll(/[^a-z]+/g, "-");
    return `heap-${time}-${pod}-${process.pid}-${why}.heapsnapshot`;
  }

  /** Workers with the same leak reach the limit at the same time, and share one memory limit. */
  async #anotherProcessTakes(): Promise<boolean> {
    const { dir } = this.#options;
    for (const name of await readdir(dir).catch(() => [])) {
      const [, pid] = unfinishedName.exec(name) ?? [];
      if (pid && Number(pid) !== process.pid && isAlive(Number(pid)) && (await isFresh(dir, name)))
        return true;
    }
    return false;
  }

  async #removeOldest(): Promise<void> {
    const { dir, kept } = this.#options;
    for (const { name } of (await this.list()).slice(kept)) await rm(join(dir, name), { force: true });
  }
}

function refused(reason: string, numbers: Record<string, number> = {}): SnapshotResult {
  return { taken: false, reason, numbers };
}

async function isFresh(dir: string, name: string): Promise<boolean> {
  const facts = await stat(join(dir, name)).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs < unfinishedForMs;
}
