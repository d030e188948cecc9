import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Writable } from "node:stream";
import { VolumeRoom } from "./volume-room.ts";

/** Where the content of one file goes. One of `keep` and `discard` has to be called, when the stream has ended. */
export interface UploadTarget {
  stream: Writable;
  /** Whether there is room for so many bytes more, which then count as written. */
  take(bytes: number): boolean;
  /** Makes the file appear, whole, and gives its name on the volume; or nothing, where uploads are not kept. */
  keep(): Promise<string | undefined>;
  discard(): Promise<void>;
}

/** `.<process id>-<random>.part`: not there for who lists the folder. */
const partial = /^\.(\d+)-[\da-f-]{36}\.part$/;

/** Keeps uploads as files of random names in a folder, or reads and forgets them where there is no folder. */
export class UploadStore {
  readonly #dir: string | undefined;
  readonly #room: VolumeRoom | undefined;

  /** @param volumeBytes what all files in the folder may take together; without it, as much as the disk has */
  constructor(dir: string | undefined, volumeBytes?: number) {
    this.#dir = dir;
    this.#room =
      dir === undefined || volumeBytes === undefined ? undefined : new VolumeRoom(dir, volumeBytes);
  }

  /** Makes the folder, and removes what a process that ended in the middle left there. */
  async prepare(): Promise<void> {
    const dir = this.#dir;
    if (dir === undefined) return;
    await mkdir(dir, { recursive: true });
    const left = (await readdir(dir)).filter((name) => isLeftover(name));
    await Promise.all(left.map((name) => rm(path.join(dir, name), { force: true })));
  }

  /**
   * To be asked before the files of one request.
   *
   * @param bytes how much it sends, as far as it tells
   * @throws NoRoom when that does not fit
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
  const partPath = path.join(dir, `.${process.pid}-${name}.part`);
  const stream = createWriteStream(partPath, { flags: "wx" });
  // Told to who writes; none may end the process, whoever still listens.
  stream.on("error", () => undefined);
  const share = room?.open(stream);
  return {
    stream,
    take: (bytes) => share?.take(bytes) ?? true,
    keep: async () => {
      share?.close();
      await rename(partPath, path.join(dir, name));
      return name;
    },
    discard: async () => {
      share?.close();
      // Not before the file is closed: it may still be about to be made.
      if (!stream.closed) {
        await new Promise<void>((resolve) => {
          stream.once("close", () => resolve());
          stream.destroy();
        });
      }
      await Promise.all([partPath, path.join(dir, name)].map((file) => rm(file, { force: true })));
    },
  };
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

/** Of a process that is gone, or that had the number which this one has now, before the container started again. */
function isLeftover(name: string): boolean {
  const owner = Number(partial.exec(name)?.[1]);
  if (Number.isNaN(owner)) return false;
  if (owner === process.pid) return true;
  try {
    process.kill(owner, 0);
    return false;
  } catch {
    return true;
  }
}
