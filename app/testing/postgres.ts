import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { freePort } from "./redis-server.ts";

/** Where Debian's packages put the programs, by version. */
const packages = "/usr/lib/postgresql";

/** A PostgreSQL server on 127.0.0.1 with its data in a directory of its own. */
export class PostgresServer {
  readonly url: string;
  readonly #port: number;
  readonly #dir: string;
  #process: ChildProcess;

  private constructor(port: number, dir: string) {
    this.#port = port;
    this.#dir = dir;
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#process = this.#spawn();
  }

  /** Resolves when it answers. */
  static async start(): Promise<PostgresServer> {
    const dir = mkdtempSync(path.join(os.tmpdir(), "postgres-"));
    const { uid, gid } = postgresUser();
    if (uid !== undefined && gid !== undefined) chownSync(dir, uid, gid);
    execFileSync(
      program("initdb"),
      ["--pgdata", dir, "--auth", "trust", "--username", "postgres", "--no-sync"],
      {
        ...postgresUser(),
        cwd: dir,
        stdio: "ignore",
      },
    );
    const server = new PostgresServer(await freePort(), dir);
    await server.#untilReady();
    return server;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, "exit");
    // To the parent of all its processes: at once, and its children are ended by it.
    this.#process.kill("SIGQUIT");
    await exited;
  }

  /** After `kill`, with the same data. */
  async restart(): Promise<void> {
    this.#process = this.#spawn();
    await this.#untilReady();
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #spawn(): ChildProcess {
    const settings = ["fsync=off", "shared_buffers=16MB", `unix_socket_directories=${this.#dir}`];
    return spawn(
      program("postgres"),
      [
        "-D",
        this.#dir,
        "-h",
        "127.0.0.1",
        "-p",
        String(this.#port),
        ...settings.flatMap((each) => ["-c", each]),
      ],
      { ...postgresUser(), cwd: this.#dir, stdio: "ignore" },
    );
  }

  async #untilReady(): Promise<void> {
    for (const until = Date.now() + 20_000; ; await sleep(50)) {
      const client = new Client({ connectionString: this.url });
      try {
        await client.connect();
        await client.end();
        return;
      } catch (error) {
        if (Date.now() > until || this.#process.exitCode !== null) throw error;
      }
    }
  }
}

function program(name: string): string {
  const [newest] = readdirSync(packages).sort((a, b) => Number(b) - Number(a));
  return path.join(packages, newest ?? "", "bin", name);
}

/** PostgreSQL refuses to run as root; the package made a user for it. */
function postgresUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
