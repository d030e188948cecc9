import { lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { HttpError } from "./http-errors.ts";

/** There is no place for what was sent: 507. */
export class NoRoom extends HttpError {
  constructor(options?: ErrorOptions) {
    super(507, "there is no room for the upload", options);
  }
}

/** The kubelet counts what it finds on the disk: whole blocks, and bytes that are on their way there at the moment. */
const usableShare = 15 / 16;
/** Other processes write to the volume too, and others take files away. */
const lookEveryShare = 1 / 64;
const looksAgainAfterMs = 1_000;
const blockBytes = 4096;

/**
 * What is left of a volume whose size is known to its owner only. The files of an emptyDir lie on the node's own disk, which
 * has room for more; but a pod that uses more than its sizeLimit is evicted (Kubernetes documentation, "Local ephemeral
 * storage").
 */
export class VolumeRoom {
  readonly #dir: string;
  readonly #bytes: number;
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
   * To be asked before an upload, after which `take` knows what the folder held at most a second ago.
   *
   * @throws NoRoom when so many bytes do not fit
   */
  async admit(bytes: number): Promise<void> {
    if (performance.now() - this.#lookedAt > looksAgainAfterMs) await this.#look();
    if (bytes + blockBytes > this.#free) throw new NoRoom();
  }

  /** Whether so many bytes more may be written. If so, they count as written. */
  take(bytes: number): boolean {
    if (bytes > this.#free) return false;
    this.#free -= bytes;
    this.#taken += bytes;
    // A folder that cannot be read fails the write itself, or the next `admit`.
    if (this.#taken - this.#lookedAtTaken > lookEveryShare * this.#bytes) this.#look().catch(() => undefined);
    return true;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookNow(): Promise<void> {
    const takenBefore = this.#taken;
    const names = await readdir(this.#dir);
    const sizes = await Promise.all(names.map((name) => bytesOnDisk(path.join(this.#dir, name))));
    const used = sizes.reduce((sum, each) => sum + each, 0);
    this.#free = usableShare * this.#bytes - used - (this.#taken - takenBefore);
    this.#lookedAt = performance.now();
    this.#lookedAtTaken = takenBefore;
  }
}

async function bytesOnDisk(file: string): Promise<number> {
  try {
    return (await lstat(file)).blocks * 512;
  } catch (error) {
    // Removed or renamed since its name was read.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
