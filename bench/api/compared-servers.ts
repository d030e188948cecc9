import { join } from "node:path";
import { freePort } from "../../app/testing/free-port.ts";
import { heapMiB } from "../../config/memory.ts";
import { MiB } from "../../config/units.ts";
import type { Backing } from "./backing.ts";
import type { Bundles } from "./bundles.ts";
import { startPm2 } from "./pm2-server.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** The flags in a container of 256 MiB: those of the image and those of the pod. */
const nodeFlags = ["--max-semi-space-size=8", `--max-old-space-size=${heapMiB(256 * MiB)}`];

/** Starts the servers of the comparison, and stops all that it started. */
export class ComparedServers {
  readonly #bundles: Bundles;
  readonly #backing: Backing;
  readonly #folder: string;
  readonly #running: ServerProcess[] = [];

  /** @param folder where servers store their files */
  constructor(bundles: Bundles, backing: Backing, folder: string) {
    this.#bundles = bundles;
    this.#backing = backing;
    this.#folder = folder;
  }

  raw(): Promise<ServerProcess> {
    return this.#start(startServer([...nodeFlags, this.#bundles.raw]));
  }

  fastify(): Promise<ServerProcess> {
    return this.#start(startServer([...nodeFlags, this.#bundles.fastify]));
  }

  express(): Promise<ServerProcess> {
    return this.#start(startServer([...nodeFlags, this.#bundles.express]));
  }

  /** Express with its default settings, which send ETag and X-Powered-By. */
  expressAsItComes(): Promise<ServerProcess> {
    return this.#start(startServer([...nodeFlags, this.#bundles.express], { AS_IT_COMES: "1" }));
  }

  /** @throws {Error} when npm cannot install PM2 */
  pm2(): Promise<ServerProcess> {
    return this.#start(startPm2(join(this.#folder, "pm2"), this.#bundles.express, nodeFlags));
  }

  /** The API with all of its runtime, as in a pod with one CPU. */
  async api(): Promise<ServerProcess> {
    return this.#start(
      startServer([...nodeFlags, this.#bundles.api], {
        ...this.#backing.env,
        INTERNAL_PORT: String(await freePort()),
        INTERNAL_TOKEN: "a-token-for-the-comparison",
        HEAP_SNAPSHOT_DIR: this.#folder,
        HEAVY_THREADS: "1",
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((server) => server.stop()));
  }

  async #start(starting: Promise<ServerProcess>): Promise<ServerProcess> {
    const server = await starting;
    this.#running.push(server);
    return server;
  }
}
