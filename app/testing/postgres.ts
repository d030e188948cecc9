import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { freePort } from "./free-port.ts";
import { TestServer } from "./test-server.ts";

/** Folder of Debian's PostgreSQL programs, by version. */
const packages = "/usr/lib/postgresql";

/** A PostgreSQL server on 127.0.0.1 with its own data folder. */
export class PostgresServer extends TestServer {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly #settings: readonly string[];

  private constructor(port: number, dir: string, settings: readonly string[]) {
    // On SIGQUIT the postmaster ends all its child processes at once.
    super({ pollMs: 50, startTimeoutMs: 20_000, crash: "SIGQUIT", dir, debianPackage: "postgresql" });
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.port = port;
    this.dir = dir;
    this.#settings = settings;
  }

  /**
   * Resolves when the server answers.
   *
   * @param prepare called with the new data folder; returns further settings, `name=value`
   */
  static async start(prepare: (dir: string) => string[] = () => []): Promise<PostgresServer> {
    const dir = mkdtempSync(join(tmpdir(), "postgres-"));
    const { uid, gid } = postgresUser();
    if (uid !== undefined && gid !== undefined) chownSync(dir, uid, gid);
    execFileSync(
      program("initdb"),
      ["--pgdata", dir, "--auth", "trust", "--username", "postgres", "--no-sync"],
      { ...postgresUser(), cwd: dir, stdio: "ignore" },
    );
    const server = new PostgresServer(await freePort(), dir, prepare(dir));
    await server.launch();
    return server;
  }

  protected override spawn(): ChildProcess {
    const settings = [
      ...["fsync=off", "shared_buffers=16MB", `unix_socket_directories=${this.dir}`],
      ...this.#settings,
    ];
    const args = [
      ...["-D", this.dir, "-h", "127.0.0.1", "-p", String(this.port)],
      ...settings.flatMap((setting) => ["-c", setting]),
    ];
    return spawn(program("postgres"), args, { ...postgresUser(), cwd: this.dir, stdio: "ignore" });
  }

  /** Runs SQL as the superuser. */
  async run(sql: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query(sql)).rows ?? [];
    } finally {
      await client.end();
    }
  }

  protected override async answers(): Promise<void> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    await client.end();
  }
}

/** @throws {Error} when PostgreSQL is not installed. */
function program(name: string): string {
  const versions = existsSync(packages) ? readdirSync(packages) : [];
  const [newest] = versions.sort((a, b) => Number(b) - Number(a));
  if (newest === undefined) throw new Error("PostgreSQL is not installed: apt-get install postgresql");
  return join(packages, newest, "bin", name);
}

/** PostgreSQL refuses to run as root; the Debian package creates a user for it. */
export function postgresUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
