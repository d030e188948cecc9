import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "../cluster-node.ts";
import type { NodeAddress } from "../node-connection.ts";
import { NodeConnection } from "../node-connection.ts";

const port = 22_379;
const login = { username: "default", password: undefined };

/** Where the servers listen, and what they are set to. */
export interface RealServersOptions {
  /** First three numbers of the addresses. Default: 127.0.8; test files that run at the same time use different ones. */
  network?: string;
  /** Default: 2000. */
  nodeTimeoutMs?: number;
  /** The server's program, with arguments of its own before those of Redis. Default: redis-server. */
  program?: readonly [string, ...string[]];
  /** Further settings of the servers, as on their command line. */
  settings?: readonly string[];
  /** Text of redis.conf, which the settings of the tests come after. */
  conf?: string;
}

/** Redis servers on addresses of the loopback interface, without cluster at first. */
export class RealServers {
  readonly nodes: NodeAddress[];
  readonly #folder: string;
  readonly #processes = new Map<string, ChildProcess>();

  readonly #nodeTimeoutMs: number;
  readonly #program: readonly [string, ...string[]];
  readonly #settings: readonly string[];
  readonly #conf: string | undefined;

  private constructor(folder: string, count: number, options: RealServersOptions) {
    const { network = "127.0.8", nodeTimeoutMs = 2000, program = ["redis-server"], settings = [] } = options;
    this.#program = program;
    this.#settings = settings;
    this.#conf = options.conf;
    this.#folder = folder;
    this.#nodeTimeoutMs = nodeTimeoutMs;
    this.nodes = Array.from({ length: count }, (_, index) => ({ host: `${network}.${index + 1}`, port }));
  }

  /** Starts servers that must be stopped with `stop`. */
  static async start(count: number, options: RealServersOptions = {}): Promise<RealServers> {
    const servers = new RealServers(await mkdtemp(join(tmpdir(), "redis-")), count, options);
    await Promise.all(servers.nodes.map((node) => servers.startNode(node)));
    return servers;
  }

  /** Starts a server on the data that it had, if it had any. */
  async startNode({ host }: NodeAddress): Promise<void> {
    const dir = join(this.#folder, host);
    await mkdir(dir, { recursive: true });
    const options = `--port ${port} --protected-mode no --bind ${host} --dir ${dir} --save  --appendonly yes --cluster-enabled yes --cluster-node-timeout ${this.#nodeTimeoutMs} --cluster-require-full-coverage no --cluster-allow-replica-migration no --cluster-announce-ip ${host} --bind-source-addr ${host} --repl-diskless-sync-delay 0`;
    const [command, ...first] = this.#program;
    const file = join(dir, "redis.conf");
    if (this.#conf !== undefined) await writeFile(file, this.#conf);
    const given = this.#conf === undefined ? [] : [file];
    const all = [...first, ...given, ...options.split(" "), ...this.#settings];
    this.#processes.set(host, spawn(command, all, { stdio: "ignore" }));
    await until(`${host} to answer`, async () => {
      const reply = await ask({ host, port }, "PING").catch(({ message }: Error) => message);
      // A server that refuses a client without a password responds, too.
      return /^(PONG|NOAUTH|WRONGPASS)/.test(reply);
    });
  }

  /** Pauses a server, or lets it go on. */
  signalNode({ host }: NodeAddress, signal: "SIGSTOP" | "SIGCONT"): void {
    this.#processes.get(host)?.kill(signal);
  }

  /** Stops a server as a pod's end does. */
  async stopNode({ host }: NodeAddress): Promise<void> {
    const server = this.#processes.get(host);
    if (server === undefined || server.exitCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGTERM");
    await ended;
  }

  /** Kills a server. @param hasData whether its data stays */
  async killNode({ host }: NodeAddress, hasData = true): Promise<void> {
    const server = this.#processes.get(host);
    if (server === undefined || server.exitCode !== null) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
    if (!hasData) await rm(join(this.#folder, host), { recursive: true });
  }

  /** Kills all servers and removes their data. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => this.killNode(node)));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Sends one command to a node. */
export async function ask(node: NodeAddress, ...command: string[]): Promise<string> {
  return askAs(login, node, ...command);
}

/** Sends one command to a node as a user. */
export async function askAs(user: Credentials, node: NodeAddress, ...command: string[]): Promise<string> {
  const connection = new NodeConnection(node, user);
  try {
    return await connection.send(...command);
  } finally {
    connection.close();
  }
}

/** Waits for a state. @throws {AssertionError} after a minute. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await sleep(100))
    if (Date.now() > end) assert.fail(`no end of waiting for ${what}`);
}
