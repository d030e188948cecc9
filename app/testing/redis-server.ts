import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { TestServer } from "./test-server.ts";

/** The port of the cluster bus minus the server's port; Redis' default. */
const busOffset = 10_000;

/** Settings of a {@link RedisServer}. */
export interface RedisServerOptions {
  password?: string;
  /** Further directives of redis.conf, as arguments. */
  args?: string[];
  /** Default: a free port. */
  port?: number;
}

/** A redis-server process on 127.0.0.1 with its own data folder. */
export class RedisServer extends TestServer {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #dir: string;

  private constructor(port: number, dir: string, options: RedisServerOptions) {
    super({ pollMs: 20, startTimeoutMs: 10_000, crash: "SIGKILL", dir, debianPackage: "redis-server" });
    this.port = port;
    this.#options = options;
    this.#dir = dir;
  }

  /** Resolves when the server answers. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const dir = await mkdtemp(join(tmpdir(), "redis-"));
    const server = new RedisServer(options.port ?? (await freePortWithBus()), dir, options);
    await server.launch();
    return server;
  }

  get address() {
    return { host: "127.0.0.1", port: this.port };
  }

  /** Sends one command on a new connection. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ RESP: 2, socket: this.address, password: this.#options.password });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  /** Pauses the process; its connections stay open. */
  pause(): void {
    this.signal("SIGSTOP");
  }

  resume(): void {
    this.signal("SIGCONT");
  }

  protected override spawn(): ChildProcess {
    const { password, args = [] } = this.#options;
    const secret = password === undefined ? [] : ["--requirepass", password, "--masterauth", password];
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#dir, "--save", ""];
    return spawn("redis-server", [...own, ...secret, ...args], { stdio: "ignore" });
  }

  protected override answers(): Promise<unknown> {
    return this.command("PING");
  }
}

/** A free port whose cluster-bus port is free too. */
async function freePortWithBus(): Promise<number> {
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
