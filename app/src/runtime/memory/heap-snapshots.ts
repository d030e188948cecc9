import { mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { writeHeapSnapshot } from "node:v8";
import type { SnapshotResult } from "../http/operations.ts";
import { collectGarbage } from "../process/collect-garbage.ts";
import { isAlive } from "../process/is-alive.ts";
import { checkRoom } from "./snapshot-guard.ts";

export interface SnapshotLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export interface HeapSnapshotsOptions {
  /** Where they are kept; shared by the worker processes of a pod. */
  dir: string;
  /** How many are kept: the oldest goes. */
  kept: number;
  podName: string;
  /** Bytes that this process and its like may use of memory, and that they use. */
  memory(): { limitBytes: number; usedBytes: number };
  log: SnapshotLog;
}

export interface SnapshotFile {
  name: string;
  bytes: number;
  /** When it was taken, ISO 8601. */
  at: string;
}

const fileName = /^heap-[\w.-]+\.heapsnapshot$/;
const unfinishedName = /^heap-[\w.-]+-(\d+)-[a-z-]+\.heapsnapshot\.partial$/;
const unfinishedForMs = 600_000;

/** Snapshots of this process' heap, as files that Chrome DevTools opens. */
export class HeapSnapshots {
  readonly #options: HeapSnapshotsOptions;
  #taking = false;
  #reusableBytes = 0;

  constructor(options: HeapSnapshotsOptions) {
    this.#options = options;
  }

  /** Makes the folder, and removes what a process that died left unfinished. */
  async start(): Promise<void> {
    const { dir } = this.#options;
    await mkdir(dir, { recursive: true });
    for (const name of await readdir(dir)) {
      const [, pid] = unfinishedName.exec(name) ?? [];
      // The first process of a container that was started again has the number of the one before.
      if (pid && (Number(pid) === process.pid || !isAlive(Number(pid)) || !(await isFresh(dir, name))))
        await rm(path.join(dir, name), { force: true });
    }
    await this.#removeOldest();
  }

  /**
   * Takes one where memory and disk have room for it. The process answers nothing meanwhile: about 50 ms for each MiB of
   * heap. What it took of memory stays with the process, for the next one to use.
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

  /** The newest first. */
  async list(): Promise<SnapshotFile[]> {
    const { dir } = this.#options;
    const names = (await readdir(dir).catch(() => [])).filter((name) => fileName.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const facts = await stat(path.join(dir, name)).catch(() => undefined);
        return facts && { name, bytes: facts.size, at: facts.mtime.toISOString() };
      }),
    );
    return files.filter((file) => file !== undefined).sort((a, b) => b.at.localeCompare(a.at));
  }

  /** Nothing when there is none of that name. */
  async open(name: string): Promise<Readable | undefined> {
    if (!fileName.test(name)) return undefined;
    const file = await open(path.join(this.#options.dir, name)).catch(() => undefined);
    return file?.createReadStream();
  }

  async #take(reason: string): Promise<SnapshotResult> {
    const { dir, log } = this.#options;
    if (await this.#anotherProcessTakes()) return refused("another process of this pod is taking a snapshot");
    const disk = await statfs(dir).catch((error: Error) => error);
    if (disk instanceof Error) return refused(`the folder cannot be used: ${disk.message}`);
    collectGarbage();
    const before = process.memoryUsage();
    const numbers = {
      ...this.#options.memory(),
      heapUsedBytes: before.heapUsed,
      reusableBytes: this.#reusableBytes,
      diskFreeBytes: disk.bavail * disk.bsize,
    };
    const { refusal, ...need } = checkRoom(numbers);
    if (refusal) return refused(refusal, { ...numbers, ...need });
    const name = this.#nameFor(reason);
    const target = path.join(dir, name);
    const unfinished = `${target}.partial`;
    log.info({ name, ...numbers, ...need }, "taking a heap snapshot: nothing else runs meanwhile");
    const startedAt = performance.now();
    try {
      writeHeapSnapshot(unfinished);
      await rename(unfinished, target);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined);
      return refused(`it could not be written: ${(error as Error).message}`, { ...numbers, ...need });
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

  /** Workers that leak the same all come to it at the same time, and share one memory limit. */
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
    for (const { name } of (await this.list()).slice(kept)) await rm(path.join(dir, name), { force: true });
  }
}

function refused(reason: string, numbers: Record<string, number> = {}): SnapshotResult {
  return { taken: false, reason, numbers };
}

async function isFresh(dir: string, name: string): Promise<boolean> {
  const facts = await stat(path.join(dir, name)).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs < unfinishedForMs;
}
