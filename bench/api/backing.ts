import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { freePort } from "./server-process.ts";
import { user } from "./servers/answers.ts";

/** The database and cache behind the API. */
export interface Backing {
  /** Tells the API where they are. */
  env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const slots = 16_384;
const primaries = 3;
const patienceMs = 20_000;

/**
 * Starts PostgreSQL with a thousand users and a Redis Cluster of three, of the Debian packages, with all files in
 * `folder`.
 *
 * @throws Error when one is not installed or does not start.
 */
export async function startBacking(folder: string): Promise<Backing> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stops.splice(0).map((each) => each()));
  };
  try {
    // PostgreSQL runs as another user, and must get through to its own.
    await chmod(folder, 0o711);
    const url = await startPostgres(join(folder, "postgres"), stops);
    const nodes = await startRedis(join(folder, "redis"), stops);
    return { env: { DATABASE_URL: url, REDIS_NODES: nodes.join(",") }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startPostgres(folder: string, stops: (() => Promise<void>)[]): Promise<string> {
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
  if (newest === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql");
  const bin = join("/usr/lib/postgresql", newest, "bin");
  // PostgreSQL refuses to run as root.
  const owner = process.getuid?.() === 0 ? await idsOf("postgres") : {};
  await mkdir(folder, { recursive: true });
  if (owner.uid !== undefined) await chown(folder, owner.uid, owner.gid ?? owner.uid);
  const data = join(folder, "data");
  await run(join(bin, "initdb"), ["-D", data, "-U", "bench", "-A", "trust", "--no-sync"], owner);
  const port = await freePort();
  const options = ["-h", "127.0.0.1", "-p", String(port), "-k", folder, "-c", "fsync=off"];
  const server = spawn(join(bin, "postgres"), ["-D", data, ...options], { ...owner, stdio: "ignore" });
  stops.push(() => ended(server, "SIGINT"));
  const url = `postgres://bench@127.0.0.1:${port}/postgres`;
  await eventually(async () => {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(`CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, name text NOT NULL,
      email text NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())`);
    for (let id = 1; id <= 1000; id++) {
      const { name, email, updatedAt } = user(id);
      await client.query("INSERT INTO users VALUES ($1, $2, $3, $4)", [id, name, email, updatedAt]);
    }
    await client.end();
  });
  return url;
}

async function startRedis(folder: string, stops: (() => Promise<void>)[]): Promise<string[]> {
  const ports = [];
  for (let node = 0; node < primaries; node++) {
    const port = await freePort();
    const dir = join(folder, String(port));
    await mkdir(dir, { recursive: true });
    const flags = {
      port,
      bind: "127.0.0.1",
      dir,
      "cluster-enabled": "yes",
      save: "",
      "cluster-port": await freePort(),
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const server = spawn("redis-server", args, { stdio: "ignore" });
    const failed = once(server, "error").then(([error]) => {
      throw new Error(`redis-server cannot be started: apt-get install redis-server`, { cause: error });
    });
    stops.push(() => ended(server, "SIGTERM"));
    await Promise.race([failed, eventually(() => cli(port, "PING"))]);
    ports.push({ port, busPort: flags["cluster-port"] });
  }
  const share = Math.ceil(slots / primaries);
  for (const [at, { port }] of ports.entries()) {
    const last = Math.min(slots, (at + 1) * share) - 1;
    await cli(port, "CLUSTER", "ADDSLOTSRANGE", String(at * share), String(last));
    for (const other of ports)
      if (other.port !== port)
        await cli(port, "CLUSTER", "MEET", "127.0.0.1", String(other.port), String(other.busPort));
  }
  for (const { port } of ports)
    await eventually(async () => {
      if (!(await cli(port, "CLUSTER", "INFO")).includes("cluster_state:ok"))
        throw new Error("no cluster yet");
    });
  return ports.map(({ port }) => `127.0.0.1:${port}`);
}

async function cli(port: number, ...command: string[]): Promise<string> {
  return (await run("redis-cli", ["-p", String(port), ...command])).stdout;
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (const untilMs = Date.now() + patienceMs; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await sleep(100);
    }
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

async function idsOf(name: string): Promise<{ uid?: number; gid?: number }> {
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, name])).stdout)),
  );
  return { uid, gid };
}
