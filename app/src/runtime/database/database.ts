import { DatabaseError, Pool, type QueryConfig, type QueryResultRow } from "pg";

/** The database failed for a reason that is not the request's: unreachable, too slow, out of resources. */
export class DatabaseUnavailable extends Error {
  override name = "DatabaseUnavailable";
  readonly statusCode = 503;
}

/** Settings of a {@link Database}. */
export interface DatabaseOptions {
  url: string;
  /** Maximum number of open connections. */
  poolSize: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** SQL that creates missing tables; without parameters. */
  schema: readonly string[];
  /** Called when an idle connection breaks. */
  onIdleError?: (error: Error) => void;
}

/** "breakwater" in the first bytes of the lock key, to avoid the advisory locks of other programs. */
const schemaLock = "7094700523513737728";
const connectTimeoutMs = 2_000;
const statementTimeoutMs = 5_000;
const pingTimeoutMs = 1_000;

/** A pool of PostgreSQL connections. They open on demand and are replaced when they break. */
export class Database {
  readonly #pool: Pool;
  readonly #schema: readonly string[];

  constructor(options: DatabaseOptions) {
    this.#schema = options.schema;
    this.#pool = new Pool({
      connectionString: options.url,
      max: options.poolSize,
      application_name: options.applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      idleTimeoutMillis: 30_000,
      statement_timeout: statementTimeoutMs,
      // Longer than the server's own limit, whose error says more; this one applies when the server is unreachable.
      query_timeout: statementTimeoutMs + 1_000,
      keepAlive: true,
    });
    this.#pool.on("error", (error) => options.onIdleError?.(error));
  }

  /** Open connections, idle connections, and queries that wait for a connection. */
  get connections(): { total: number; idle: number; waiting: number } {
    return { total: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  /**
   * Creates the missing tables. Any number of processes may call it at the same time.
   *
   * @throws {DatabaseUnavailable} when the database does not answer.
   */
  async createSchema(): Promise<void> {
    // PostgreSQL runs several statements in one text as one transaction, which holds the lock.
    await this.query({ text: [`SELECT pg_advisory_xact_lock(${schemaLock});`, ...this.#schema].join("\n") });
  }

  /** @throws {DatabaseUnavailable} when the database does not answer within a second. */
  async ping(): Promise<void> {
    await this.query({ text: "SELECT 1", query_timeout: pingTimeoutMs } as QueryConfig);
  }

  /**
   * Runs a query and returns its rows.
   *
   * @throws {DatabaseUnavailable} when the database does not answer.
   * @throws {DatabaseError} of pg when the values are invalid or break a constraint.
   */
  async query<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(query)).rows;
    } catch (error) {
      // Classes 22 and 23: invalid data, broken constraint. See "PostgreSQL Error Codes" in its manual.
      if (error instanceof DatabaseError && /^2[23]/.test(error.code ?? "")) throw error;
      throw new DatabaseUnavailable("the database is not available", { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
