import { DatabaseError, Pool, type QueryConfig, type QueryResultRow } from "pg";

/** The database did not do what was asked for a reason that is not the request's: away, too slow, full. */
export class DatabaseUnavailable extends Error {
  override name = "DatabaseUnavailable";
  readonly statusCode = 503;
}

export interface DatabaseOptions {
  url: string;
  /** Most connections held open. */
  poolSize: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** Told when a connection that nobody uses breaks. */
  onIdleError?: (error: Error) => void;
}

/** "breakwater" in the first bytes of a lock key, so that no other program's advisory lock is met. */
const schemaLock = "7094700523513737728";
const connectTimeoutMs = 2_000;
const statementTimeoutMs = 5_000;
const pingTimeoutMs = 1_000;

/** A pool of PostgreSQL connections, opened when they are needed and again after they broke. */
export class Database {
  readonly #pool: Pool;

  constructor(options: DatabaseOptions) {
    this.#pool = new Pool({
      connectionString: options.url,
      max: options.poolSize,
      application_name: options.applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      idleTimeoutMillis: 30_000,
      statement_timeout: statementTimeoutMs,
      // Later than the server's own time limit, whose answer says more; alone when the server is gone.
      query_timeout: statementTimeoutMs + 1_000,
      keepAlive: true,
    });
    this.#pool.on("error", (error) => options.onIdleError?.(error));
  }

  /** Connections open, and those of them that wait for work. */
  get connections(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  /** Creates the table when it is missing. Any number of processes may do so at once. */
  async createSchema(): Promise<void> {
    await this.query({
      // One text of several statements runs as one transaction, which holds the lock.
      text: `SELECT pg_advisory_xact_lock(${schemaLock});
        CREATE TABLE IF NOT EXISTS users (
          id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL,
          updated_at timestamptz NOT NULL DEFAULT now()
        )`,
    });
  }

  /** @throws {DatabaseUnavailable} when the database does not answer within a second. */
  async ping(): Promise<void> {
    await this.query({ text: "SELECT 1", query_timeout: pingTimeoutMs } as QueryConfig);
  }

  /** @throws {DatabaseUnavailable} or, when the values are at fault, pg's DatabaseError. */
  async query<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(query)).rows;
    } catch (error) {
      // Classes 22 and 23: wrong data, broken constraint. See "PostgreSQL Error Codes" in its manual.
      if (error instanceof DatabaseError && /^2[23]/.test(error.code ?? "")) throw error;
      throw new DatabaseUnavailable("the database is not available", { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
