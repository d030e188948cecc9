import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Settings of a {@link TestServer}. */
export interface TestServerOptions {
  /** Interval between attempts to reach the server while it starts. */
  pollMs: number;
  startTimeoutMs: number;
  /** Signal that ends the server like a crash. */
  crash: NodeJS.Signals;
  /** Data folder; `stop` removes it. */
  dir: string;
  /** Debian package of the program. */
  debianPackage: string;
}

/** A server process that can be killed and restarted on the same data. */
export abstract class TestServer {
  readonly #options: TestServerOptions;
  #process: ChildProcess | undefined;
  #failure: Error | undefined;

  protected constructor(options: TestServerOptions) {
    this.#options = options;
  }

  protected abstract spawn(): ChildProcess;

  /** Sends a request; rejects if the server does not answer. */
  protected abstract answers(): Promise<unknown>;

  /** Starts the process. Resolves when the server answers. */
  protected async launch(): Promise<void> {
    const { pollMs, startTimeoutMs, debianPackage } = this.#options;
    const child = this.spawn();
    this.#process = child;
    child.on("error", (error) => {
      this.#failure = new Error(`the server cannot be started: apt-get install ${debianPackage}`, {
        cause: error,
      });
    });
    for (const until = Date.now() + startTimeoutMs; ; await sleep(pollMs)) {
      try {
        await this.answers();
        return;
      } catch (error) {
        if (this.#failure) throw this.#failure;
        if (Date.now() > until || child.exitCode !== null) throw error;
      }
    }
  }

  /** Starts the server again on the same data after `kill`. */
  restart(): Promise<void> {
    return this.launch();
  }

  protected signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends the server like a crash. */
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
