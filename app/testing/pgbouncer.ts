import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { freePort } from "./free-port.ts";
import { type PostgresServer, postgresUser } from "./postgres.ts";
import { TestServer } from "./test-server.ts";

/** A PgBouncer on 127.0.0.1 in transaction mode, with few connections to its server. */
export class PgBouncer extends TestServer {
  readonly url: string;
  readonly #dir: string;

  private constructor(port: number, dir: string) {
    super({ pollMs: 50, startTimeoutMs: 10_000, crash: "SIGKILL", dir, debianPackage: "pgbouncer" });
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    this.#dir = dir;
  }

  /**
   * Resolves when the pooler answers.
   *
   * @param settings further lines of its section `pgbouncer`
   */
  static async start(server: PostgresServer, ...settings: string[]): Promise<PgBouncer> {
    const dir = mkdtempSync(join(tmpdir(), "pgbouncer-"));
    const port = await freePort();
    const { uid, gid } = postgresUser();
    if (uid !== undefined && gid !== undefined) chownSync(dir, uid, gid);
    writeFileSync(join(dir, "users.txt"), '"postgres" ""\n');
    const lines = [
      "[databases]",
      `postgres = host=127.0.0.1 port=${server.port} dbname=postgres`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = trust",
      `auth_file = ${join(dir, "users.txt")}`,
      "pool_mode = transaction",
      "default_pool_size = 2",
      ...settings,
    ];
    writeFileSync(join(dir, "pgbouncer.ini"), `${lines.join("\n")}\n`);
    const pooler = new PgBouncer(port, dir);
    await pooler.launch();
    return pooler;
  }

  protected override spawn(): ChildProcess {
    return spawn("pgbouncer", [join(this.#dir, "pgbouncer.ini")], { ...postgresUser(), stdio: "ignore" });
  }

  protected override async answers(): Promise<void> {
    const client = new Client({ connectionString: this.url });
    await client.connect();
    await client.end();
  }
}
