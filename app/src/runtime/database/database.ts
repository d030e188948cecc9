import type { Socket } from "node:net";
import {
  Client,
  type ClientConfig,
  DatabaseError,
  Pool,
  type PoolClient,
  type QueryConfig,
  type QueryResultRow,
} from "pg";
import { addressMemory } from "../process/address-memory.ts";
import { readSecretFile } from "../process/secret-file.ts";
import { connectionSettings } from "./connection-settings.ts";

/** The database failed for a reason that is not the request's: unreachable, too slow, out of resources. */
export class DatabaseUnavailable extends Error {
  override name = "DatabaseUnavailable";
  readonly statusCode = 503;
  /** The statement was sent and may have been carried out; or may be, until its time limit. */
  readonly isOutcomeUnknown: boolean;

  /** @param message sent to the client */
  constructor(message: string, options: ErrorOptions & { isOutcomeUnknown?: boolean } = {}) {
    super(message, options);
    this.isOutcomeUnknown = options.isOutcomeUnknown ?? false;
  }
}

/** Settings of a {@link Database}. */
export interface DatabaseOptions {
  url: string;
  /** Certificates in PEM form that the server's certificate is checked against. Default: those of Node.js. */
  ca?: string;
  /** File with the password that is tried before the URL's, read for each connection; it may be missing. */
  passwordFile?: string;
  /** Maximum number of open connections. */
  poolSize: number;
  /** Maximum number of queries that wait for a connection; further ones are refused. Default: 1000. */
  maxWaiting?: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** SQL that creates missing tables; without parameters. */
  schema: readonly string[];
  /** Called when an idle connection breaks. */
  onIdleError?: (error: Error) => void;
  /** Called when a connection pooler is found that keeps no settings and statements for a client. */
  onPooler?: (reason: string) => void;
}

/** "breakwater" in the first bytes of the lock key, to avoid the advisory locks of other programs. */
const schemaLock = "7094700523513737728";
/** Time in which a server that can be reached accepts a connection. */
const connectTimeoutMs = 2_000;
/** A server on a busy machine may need seconds to start a session. */
const sessionTimeoutMs = 5_000;
const statementTimeoutMs = 5_000;
const pingTimeoutMs = 1_000;
/** Longer than the server's own limit, whose error says more; this one applies when the server is unreachable. */
const queryTimeoutMs = statementTimeoutMs + 1_000;
/** Idle connections are forgotten by networks that see no packet for some minutes. */
const keepAliveMs = 30_000;
/** A waiting request takes about 10 KiB. */
const maxWaitingDefault = 1_000;
/** invalid_sql_statement_name, duplicate_prepared_statement: the server's session is not this client's alone. */
const foreignSession = new Set(["26000", "42P05"]);

/** invalid_password */
const passwordRefused = "28P01";
/** Passwords are tried twice each: another query may have changed the choice at the same time. */
const maxPasswordAttempts = 4;
/** Classes of errors after which the server closes the connection, perhaps in the middle of a statement. */
const endsSession = /^(08|57P|58|XX)/;

/** Time after which the server does not carry out a statement any more whose connection was lost. */
export const writeLimitMs = queryTimeoutMs;

/** A pool of PostgreSQL connections. They stay open, and are replaced on demand when they break. */
export class Database {
  readonly #options: DatabaseOptions;
  #pool: Pool;
  /** A pooler such as PgBouncer in transaction mode is between this process and the server. */
  #hasPooler = false;
  /** New connections log in with the password of the file, if there is one; else with the URL's. */
  #usesPasswordFile = true;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#pool = this.#openPool();
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
    await this.query({
      text: [`SELECT pg_advisory_xact_lock(${schemaLock});`, ...this.#options.schema].join("\n"),
    });
  }

  /**
   * Opens the connections that are not open yet, so that a request never waits for one: when the cache is lost, all processes would
   * open theirs at the same time, and each costs the database milliseconds of CPU time. Those that fail open on demand. Never rejects.
   */
  async openConnections(): Promise<void> {
    // The idle ones are taken first, so that the rest is opened.
    const count = this.#options.poolSize - this.#pool.totalCount + this.#pool.idleCount;
    const opened = Array.from({ length: count }, async () => (await this.#connect()).release());
    await Promise.allSettled(opened);
  }

  /** @throws {DatabaseUnavailable} when the database starts no session within 5 s, or does not answer within another second. */
  async ping(): Promise<void> {
    await this.query({ text: "SELECT 1", query_timeout: pingTimeoutMs } as QueryConfig);
  }

  /**
   * Runs a query and returns its rows. A query with a name is prepared once for each connection; equal names must have
   * equal texts, in every version of this program that runs at the same time.
   *
   * @throws {DatabaseUnavailable} when the database does not answer, or too many queries wait for it.
   * @throws {DatabaseError} of pg when the values are invalid or break a constraint.
   */
  async query<Row extends QueryResultRow>(query: QueryConfig): Promise<Row[]> {
    if (this.#pool.waitingCount >= (this.#options.maxWaiting ?? maxWaitingDefault))
      throw new DatabaseUnavailable("too many requests wait for the database");
    const client = await this.#connect();
    const { name, ...unnamed } = query;
    const isNamed = name !== undefined && !this.#hasPooler;
    try {
      const { rows } = await client.query<Row>(isNamed ? query : unnamed);
      client.release();
      return rows;
    } catch (error) {
      const { code = "" } = error instanceof DatabaseError ? error : {};
      // Only a connection that the server has answered on is used again.
      const isAnswered = error instanceof DatabaseError && !endsSession.test(code);
      client.release(!isAnswered);
      // The statement was not carried out.
      if (isNamed && foreignSession.has(code)) {
        if (!this.#hasPooler) this.#foundPooler((error as Error).message);
        return this.query(unnamed);
      }
      // Classes 22 and 23: invalid data, broken constraint. See "PostgreSQL Error Codes" in its manual.
      if (/^2[23]/.test(code)) throw error;
      throw new DatabaseUnavailable("the database is not available", {
        cause: error,
        // After an error that does not end the session, the server has rolled the statement back.
        isOutcomeUnknown: !isAnswered,
      });
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #connect(attempt = 1): Promise<PoolClient> {
    const pool = this.#pool;
    const usedPasswordFile = this.#usesPasswordFile;
    try {
      return await pool.connect();
    } catch (error) {
      const message = (error as Error).message;
      const isRefused = error instanceof DatabaseError && error.code === passwordRefused;
      if (isRefused && attempt < maxPasswordAttempts && this.#options.passwordFile !== undefined) {
        this.#usesPasswordFile = !usedPasswordFile;
        return this.#connect(attempt + 1);
      }
      // The words of PgBouncer; it takes this setting only if ignore_startup_parameters names it.
      if (/unsupported startup parameter.*statement_timeout/.test(message)) {
        if (pool === this.#pool) {
          this.#foundPooler(message);
          // The old pool serves its waiting queries, which fail in the same way, and closes its idle connections.
          this.#pool = this.#openPool();
        }
        return this.#connect();
      }
      throw new DatabaseUnavailable("the database is not available", { cause: error });
    }
  }

  /** From now on statements have no names, and new pools set no time limit for statements at the server. */
  #foundPooler(reason: string): void {
    this.#hasPooler = true;
    this.#options.onPooler?.(reason);
  }

  #openPool(): Pool {
    const { url, ca, passwordFile, poolSize, applicationName, onIdleError } = this.#options;
    const passwordInUse = () => (this.#usesPasswordFile ? readSecretFile(passwordFile) : undefined);
    const pool = new Pool({
      // pg has no option for a password beside a URL.
      Client: class extends Client {
        constructor(config?: string | ClientConfig) {
          super(config);
          this.password = passwordInUse() ?? this.password;
        }
      },
      ...connectionSettings(url, ca),
      stream: () => withConnectTimeout(addressMemory.socket()),
      max: poolSize,
      application_name: applicationName,
      connectionTimeoutMillis: sessionTimeoutMs,
      // A pooler with fewer connections than its clients shares them by itself.
      idleTimeoutMillis: 0,
      ...(!this.#hasPooler && { statement_timeout: statementTimeoutMs }),
      query_timeout: queryTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
    });
    pool.on("error", (error) => onIdleError?.(error));
    // A connection that breaks during a query also emits an error, which ends the process if nothing listens.
    pool.on("connect", (client) => client.on("error", () => undefined));
    return pool;
  }
}

/** The limit for a session does not distinguish a busy server from one that cannot be reached. */
function withConnectTimeout(socket: Socket): Socket {
  const giveUp = () =>
    socket.destroy(new Error(`no connection to the database within ${connectTimeoutMs} ms`));
  const timer = setTimeout(giveUp, connectTimeoutMs);
  return socket.once("connect", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
}
