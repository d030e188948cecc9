import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface TestServerOptions {
  /** How often and for how long it is asked at its start whether it answers, in milliseconds. */
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
export abstract class TestServer {
  readonly #options: TestServerOptions;
  #process: ChildProcess | undefined;
  #failure: Error | undefined;

  protected constructor(options: TestServerOptions) {
    this.#options = options;
  }

  protected abstract spawn(): ChildProcess;

  /** Rejects while the server does not answer. */
  protected abstract answers(): Promise<unknown>;

  /** Resolves when it answers. */
  protected async launch(): Promise<void> {
    const { askEveryMs, patienceMs, debianPackage } = this.#options;
    const child = this.spawn();
    this.#process = child;
    child.on("error", (error) => {
      this.#failure = new Error(`it cannot be started: apt-get install ${debianPackage}`, { cause: error });
    });
    for (const until = Date.now() + patienceMs; ; await sleep(askEveryMs)) {
      try {
        await this.answers();
        return;
      } catch (error) {
        if (this.#failure) throw this.#failure;
        if (Date.now() > until || child.exitCode !== null) throw error;
      }
    }
  }

  /** After `kill`, with the same data. */
  restart(): Promise<void> {
    return this.launch();
  }

  protected signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(this.#options.crash);
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#options.dir, { recursive: true, force: true });
  }
}
