import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface TestServerParts {
  spawn(): ChildProcess;
  /** Rejects while the server does not answer. */
  answers(): Promise<unknown>;
  /** How often and for how long it is asked that at its start, in milliseconds. */
  askEveryMs: number;
  patienceMs: number;
  /** What ends it as a crash would. */
  crash: NodeJS.Signals;
  /** Where its data is; removed in the end. */
  dir: string;
  /** The Debian package that has the program. */
  debianPackage: string;
}

/** A server process that is started, killed and started again on the same data. */
export class TestServer {
  readonly #parts: TestServerParts;
  #process: ChildProcess | undefined;
  #failure: Error | undefined;

  constructor(parts: TestServerParts) {
    this.#parts = parts;
  }

  /** Resolves when it answers; after `kill` too. */
  async start(): Promise<void> {
    const { answers, askEveryMs, patienceMs, debianPackage } = this.#parts;
    const child = this.#parts.spawn();
    this.#process = child;
    child.on("error", (error) => {
      this.#failure = new Error(`it cannot be started: apt-get install ${debianPackage}`, { cause: error });
    });
    for (const until = Date.now() + patienceMs; ; await sleep(askEveryMs)) {
      try {
        await answers();
        return;
      } catch (error) {
        if (this.#failure) throw this.#failure;
        if (Date.now() > until || child.exitCode !== null) throw error;
      }
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(this.#parts.crash);
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#parts.dir, { recursive: true, force: true });
  }
}
