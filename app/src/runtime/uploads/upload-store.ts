import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { isAlive } from "../process/is-alive.ts";
import { VolumeRoom } from "./volume-room.ts";

/** Receives the content of one file. When the stream has ended, the caller calls `keep` or `discard`. */
export interface UploadTarget {
  stream: Writable;
  /** Reserves space for further bytes. Returns false if the volume has no room for them. */
  take(bytes: number): boolean;
  /** Publishes the complete file. Returns its name on the volume, or undefined if uploads are not kept. */
  keep(): Promise<string | undefined>;
  discard(): Promise<void>;
}

/** `.<pid>-<random>.part`: hidden from programs that list the folder. */
const partial = /^\.(\d+)-[\da-f-]{36}\.part$/;

/** Keeps uploads as files with random names in a folder. Without a folder it reads and drops them. */
export class UploadStore {
  readonly #dir: string | undefined;
  readonly #room: VolumeRoom | undefined;

  /** @param volumeBytes maximum total size of the files in the folder; default: limited by the disk only */
  constructor(dir: string | undefined, volumeBytes?: number) {
    this.#dir = dir;
    this.#room =
      dir === undefined || volumeBytes === undefined ? undefined : new VolumeRoom(dir, volumeBytes);
  }

  /** Creates the folder and removes the partial files of processes that have ended. */
  async prepare(): Promise<void> {
    const dir = this.#dir;
    if (dir === undefined) return;
    await mkdir(dir, { recursive: true });
    const leftovers = (await readdir(dir)).filter((name) => isLeftover(name));
    await Promise.all(leftovers.map((name) => rm(join(dir, name), { force: true })));
  }

  /**
   * Checks the room on the volume before the files of a request are received.
   *
   * @param bytes announced size of the request; 0 if unknown
   * @throws {NoRoom} when the volume has no room for them.
   */
  async admit(bytes: number): Promise<void> {
    await this.#room?.admit(bytes);
  }

  open(): UploadTarget {
    return this.#dir === undefined ? toNowhere() : toFile(this.#dir, this.#room);
  }
}

function toFile(dir: string, room: VolumeRoom | undefined): UploadTarget {
  const name = randomUUID();
  const partPath = join(dir, `.${process.pid}-${name}.part`);
  const stream = createWriteStream(partPath, { flags: "wx" });
  // The writer receives errors through its pipeline. This listener keeps a late error from ending the process.
  stream.on("error", () => undefined);
  const share = room?.open(stream);
  return {
    stream,
    take: (bytes) => share?.take(bytes) ?? true,
    keep: async () => {
      share?.close();
      // The response promises that the file is kept, so it has to outlive a crash of the node.
      await flush(partPath);
      await rename(partPath, join(dir, name));
      await flush(dir);
      return name;
    },
    discard: async () => {
      share?.close();
      // Wait until the file is closed: the stream may not have created it yet.
      if (!stream.closed) {
        await new Promise<void>((resolve) => {
          stream.once("close", () => resolve());
          stream.destroy();
        });
      }
      await Promise.all([partPath, join(dir, name)].map((file) => rm(file, { force: true })));
    },
  };
}

/** Waits until a file's content, or a folder's list of names, is on the disk. */
async function flush(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function toNowhere(): UploadTarget {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
  return {
    stream,
    take: () => true,
    keep: async () => undefined,
    discard: async () => void stream.destroy(),
  };
}

/** Whether a partial file belongs to a process that has ended, or that had this process's pid before a restart. */
function isLeftover(name: string): boolean {
  const owner = Number(partial.exec(name)?.[1]);
  if (Number.isNaN(owner)) return false;
  return owner === process.pid || !isAlive(owner);
}
