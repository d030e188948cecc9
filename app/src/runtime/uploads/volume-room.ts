import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { HttpError } from "../http/http-errors.ts";

/** There is no place for what was sent: 507. */
export class NoRoom extends HttpError {
  constructor(options?: ErrorOptions) {
    super(507, "there is no room for the upload", options);
  }
}

/** The kubelet counts more than the files: folders, and what others have written since this process looked. */
const usableShare = 15 / 16;
/** Other processes write to the volume too, and others take files away. */
const lookEveryShare = 1 / 64;
const looksAgainAfterMs = 1_000;
const blockBytes = 4096;

/** A file's part in a volume. */
export interface VolumeShare {
  /** Whether so many bytes more may be written. If so, they count as written. */
  take(bytes: number): boolean;
  /** To be called when nothing more is written. */
  close(): void;
}

/**
 * What is left of a volume whose size is known to its owner only. The files of an emptyDir lie on the node's own disk, which
 * has room for more; but a pod that uses more than its sizeLimit is evicted (Kubernetes documentation, "Local ephemeral
 * storage").
 */
export class VolumeRoom {
  readonly #dir: string;
  readonly #bytes: number;
  readonly #open = new Set<{ taken: number; stream: { readonly bytesWritten: number } }>();
  #free = 0;
  #taken = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #lookedAtTaken = 0;
  #looking: Promise<void> | undefined;

  /** @param bytes the volume's size */
  constructor(dir: string, bytes: number) {
    this.#dir = dir;
    this.#bytes = bytes;
  }

  /**
   * To be asked before an upload.
   *
   * @throws NoRoom when so many bytes do not fit
   */
  async admit(bytes: number): Promise<void> {
    const fits = () => bytes + blockBytes <= this.#free;
    if (performance.now() - this.#lookedAt > looksAgainAfterMs) await this.#look();
    // While files are written, what is known to be free is less than what is; and a look may have begun before their end.
    for (let again = 0; again < 2 && !fits() && this.#taken > this.#lookedAtTaken; again++)
      await this.#look();
    if (!fits()) throw new NoRoom();
  }

  /** @param stream where the file is written to, with how much of it is on the disk */
  open(stream: { readonly bytesWritten: number }): VolumeShare {
    const file = { taken: 0, stream };
    this.#open.add(file);
    return {
      take: (bytes) => {
        if (bytes > this.#free) return false;
        file.taken += bytes;
        this.#free -= bytes;
        this.#taken += bytes;
        // A folder that cannot be read fails the write itself, or the next `admit`.
        if (this.#taken - this.#lookedAtTaken > lookEveryShare * this.#bytes)
          this.#look().catch(() => undefined);
        return true;
      },
      close: () => void this.#open.delete(file),
    };
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** What is on its way to the disk counts twice when it gets there meanwhile; never not at all. */
  async #lookNow(): Promise<void> {
    const takenBefore = this.#taken;
    const pending = [...this.#open].reduce((sum, { taken, stream }) => sum + taken - stream.bytesWritten, 0);
    const names = await readdir(this.#dir);
    const sizes = await Promise.all(names.map((name) => bytesOnDisk(path.join(this.#dir, name))));
    const used = sizes.reduce((sum, each) => sum + each, 0);
    this.#free = usableShare * this.#bytes - used - pending - (this.#taken - takenBefore);
    this.#lookedAt = performance.now();
    this.#lookedAtTaken = takenBefore - pending;
  }
}

async function bytesOnDisk(file: string): Promise<number> {
  try {
    const { size, blocks } = await lstat(file);
    return Math.max(size, blocks * 512);
  } catch (error) {
    // Removed or renamed since its name was read.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
