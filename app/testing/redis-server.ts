import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@redis/client";

/** Redis' default for the port of the cluster bus: so much above the other. */
const busOffset = 10_000;

export interface RedisServerOptions {
  password?: string;
  /** More of redis.conf, as arguments. */
  args?: string[];
  /** Usually one that is free. */
  port?: number;
}

/** A redis-server process on 127.0.0.1 with its data in a directory of its own. */
export class RedisServer {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #dir: string;
  #process: ChildProcess;

  private constructor(port: number, dir: string, options: RedisServerOptions) {
    this.port = port;
    this.#dir = dir;
    this.#options = options;
    this.#process = this.#spawn();
  }

  /** Resolves when it answers. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const dir = await mkdtemp(path.join(os.tmpdir(), "redis-"));
    const server = new RedisServer(options.port ?? (await freePort()), dir, options);
    await server.#untilReady();
    return server;
  }

  get address() {
    return { host: "127.0.0.1", port: this.port };
  }

  /** Sends one command on a connection of its own. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ socket: this.address, password: this.#options.password });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  /** Stands still, with its connections open. */
  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  resume(): void {
    this.#process.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }

  /** After `kill`, with the same data. */
  async restart(): Promise<void> {
    this.#process = this.#spawn();
    await this.#untilReady();
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }

  #spawn(): ChildProcess {
    const { password, args = [] } = this.#options;
    const secret = password === undefined ? [] : ["--requirepass", password, "--masterauth", password];
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#dir, "--save", ""];
    return spawn("redis-server", [...own, ...secret, ...args], { stdio: "ignore" });
  }

  async #untilReady(): Promise<void> {
    for (const until = Date.now() + 10_000; ; await sleep(20)) {
      try {
        await this.command("PING");
        return;
      } catch (error) {
        if (Date.now() > until || this.#process.exitCode !== null) throw error;
      }
    }
  }
}

/** A port that is free, as is the one of the cluster bus. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    if ((await isFree(port)) && (await isFree(port + busOffset))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
