import { join } from "node:path";
import { freePort } from "../../app/testing/free-port.ts";
import { heapMiB } from "../../config/derive.ts";
import { MiB } from "../../config/units.ts";
import type { Backing } from "./backing.ts";
import type { Bundles } from "./bundles.ts";
import { startPm2 } from "./pm2-server.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** As a pod's container of 256 MiB has them: the image's and the pod's own. */
const nodeFlags = ["--max-semi-space-size=8", `--max-old-space-size=${heapMiB(256 * MiB)}`];

/** Starts servers, and stops all that it started. */
export class Contestants {
  readonly #bundles: Bundles;
  readonly #backing: Backing;
  readonly #folder: string;
  readonly #running: ServerProcess[] = [];

  /** @param folder for what a server keeps on disk */
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

  /** With the ETag and the X-Powered-By that nearly all who use it send. */
  expressAsItComes(): Promise<ServerProcess> {
    return this.#start(startServer([...nodeFlags, this.#bundles.express], { AS_IT_COMES: "1" }));
  }

  /** @throws Error when npm cannot install it. */
  pm2(): Promise<ServerProcess> {
    return this.#start(startPm2(join(this.#folder, "pm2"), this.#bundles.express, nodeFlags));
  }

  /** With every part of its runtime, as in a pod with one core. */
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
