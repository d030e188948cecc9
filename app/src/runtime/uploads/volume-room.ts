import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { HttpError } from "../http/http-errors.ts";

/** The volume has no room for the upload: 507. */
export class NoRoom extends HttpError {
  constructor(options?: ErrorOptions) {
    super(507, "there is no room for the upload", options);
  }
}

/** The kubelet counts more than the known files: folders, and files that others have written since the last scan. */
const usableShare = 15 / 16;
/** Other processes add and remove files too, so the folder is scanned again after this share of the volume is written. */
const scanEveryShare = 1 / 64;
const scanValidMs = 1_000;
const blockBytes = 4096;

/** The space that one file takes in a volume. */
export interface VolumeShare {
  /** Reserves space for further bytes. Returns false if the volume has no room for them. */
  take(bytes: number): boolean;
  /** Call it when the file is complete. */
  close(): void;
}

/**
 * The free space of a volume whose size the file system does not enforce. The files of an emptyDir are on the node's disk,
 * which has room for more, but a pod that exceeds its sizeLimit is evicted (Kubernetes documentation, "Local ephemeral
 * storage").
 */
export class VolumeRoom {
  readonly #dir: string;
  readonly #bytes: number;
  readonly #open = new Set<{ taken: number; stream: { readonly bytesWritten: number } }>();
  #free = 0;
  #taken = 0;
  #scannedAt = Number.NEGATIVE_INFINITY;
  #scannedTaken = 0;
  #scanning: Promise<void> | undefined;

  /** @param bytes size of the volume */
  constructor(dir: string, bytes: number) {
    this.#dir = dir;
    this.#bytes = bytes;
  }

  /**
   * Checks the room for an upload before it is received.
   *
   * @throws {NoRoom} when these bytes do not fit.
   */
  async admit(bytes: number): Promise<void> {
    const fits = () => bytes + blockBytes <= this.#free;
    if (performance.now() - this.#scannedAt > scanValidMs) await this.#scan();
    // While files are written, the known free space is lower than the real one, and a scan may have started before they
    // were complete.
    for (let again = 0; again < 2 && !fits() && this.#taken > this.#scannedTaken; again++) await this.#scan();
    if (!fits()) throw new NoRoom();
  }

  /** @param stream writes the file; `bytesWritten` is the part that is on the disk */
  open(stream: { readonly bytesWritten: number }): VolumeShare {
    const file = { taken: 0, stream };
    this.#open.add(file);
    return {
      take: (bytes) => {
        if (bytes > this.#free) return false;
        file.taken += bytes;
        this.#free -= bytes;
        this.#taken += bytes;
        // If the folder cannot be read, the write itself or the next `admit` fails.
        if (this.#taken - this.#scannedTaken > scanEveryShare * this.#bytes)
          this.#scan().catch(() => undefined);
        return true;
      },
      close: () => void this.#open.delete(file),
    };
  }

  #scan(): Promise<void> {
    this.#scanning ??= this.#scanNow().finally(() => {
      this.#scanning = undefined;
    });
    return this.#scanning;
  }

  /** In-flight bytes may be counted twice, but never missed. */
  async #scanNow(): Promise<void> {
    const takenBefore = this.#taken;
    const pending = [...this.#open].reduce((sum, { taken, stream }) => sum + taken - stream.bytesWritten, 0);
    const names = await readdir(this.#dir);
    const sizes = await Promise.all(names.map((name) => bytesOnDisk(join(this.#dir, name))));
    const used = sizes.reduce((sum, size) => sum + size, 0);
    this.#free = usableShare * this.#bytes - used - pending - (this.#taken - takenBefore);
    this.#scannedAt = performance.now();
    this.#scannedTaken = takenBefore - pending;
  }
}

async function bytesOnDisk(file: string): Promise<number> {
  try {
    const { size, blocks } = await lstat(file);
    return Math.max(size, blocks * 512);
  } catch (error) {
    // The file was removed or renamed since the folder was read.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
