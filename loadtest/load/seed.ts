import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import type { StackOutputs } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { pathPrefix } from "./http-form.ts";
import { type TlsSettings, tlsOptions, trustIn } from "./tls.ts";
import { newestVersion, userBody, userId, versionIn } from "./users.ts";

/** Result of seeding. */
export interface SeedResult {
  seeded: number;
  /** Version of every seeded user. */
  version: number;
  seconds: number;
  /** Users that could not be read or written, with the reason. */
  failures: { id: number; reason: string }[];
  /** Users that exist and that no load test has written; nothing is written then. */
  foreign: number[];
}

/** Input of seeding. */
export interface SeedOptions {
  /** Requests at a time, over kept-alive connections. */
  parallel?: number;
  timeoutMs?: number;
  /** Time after which a failed request is not tried again. */
  boundMs?: number;
  tls?: TlsSettings | undefined;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

const longestPauseMs = 1000;

/** Seeds users for a proof or a benchmark, which needs all of them. @throws {UserError} when one could not be seeded. */
export async function requireSeededUsers(
  { endpoint, tls }: Pick<StackOutputs, "endpoint" | "tls">,
  users: number,
): Promise<void> {
  const { foreign, failures } = await seedUsers(endpoint, users, { tls: tls && trustIn(tls) });
  const problem = foreign[0] ?? failures[0]?.id;
  if (problem === undefined) return;
  const reason = failures[0]?.reason ?? "it has content that no load test wrote";
  throw new UserError(`user ${problem} cannot be seeded: ${reason}`, "see whether npm run loadtest can run");
}

/**
 * Writes the load test's users (users.ts) through the endpoint. All of them are read first: a user with content that is
 * not the load test's stays as it is, and nothing is written at all.
 *
 * @param endpoint URL without a trailing slash
 * @param users count of users
 */
export async function seedUsers(
  endpoint: string,
  users: number,
  options: SeedOptions = {},
): Promise<SeedResult> {
  const { parallel = 16, timeoutMs = 10_000, boundMs = 30_000, tls, onProgress } = options;
  const startedAt = Date.now();
  const pool = new Pool(new URL(endpoint).origin, {
    connections: parallel,
    connect: { timeout: timeoutMs, ...(tls ? tlsOptions(tls) : {}) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const result: SeedResult = {
    seeded: 0,
    version: newestVersion(startedAt),
    seconds: 0,
    failures: [],
    foreign: [],
  };
  const client: Client = {
    pool,
    prefix: pathPrefix(endpoint),
    tryUntilMs: startedAt + boundMs,
    signal: options.signal,
  };
  const ofAll = (work: (id: number) => Promise<void>) => inParallel(users, parallel, options.signal, work);
  try {
    await ofAll(async (id) => {
      const { status, text } = await requestUser(client, "GET", id);
      const version = versionIn(text, id);
      if (status === 200 && version === undefined) result.foreign.push(id);
      else if (status === 200) result.version = Math.max(result.version, (version ?? 0) + 1);
      else if (status !== 404) result.failures.push({ id, reason: text });
    });
    if (result.foreign.length + result.failures.length > 0) return result;
    await ofAll(async (id) => {
      const { status, text } = await requestUser(client, "PUT", id, userBody(id, result.version));
      if (status >= 200 && status < 300) result.seeded++;
      else result.failures.push({ id, reason: text });
      onProgress?.(result.seeded);
    });
    return result;
  } finally {
    result.seconds = (Date.now() - startedAt) / 1000;
    await pool.destroy();
  }
}

async function inParallel(
  users: number,
  parallel: number,
  signal: AbortSignal | undefined,
  work: (id: number) => Promise<void>,
): Promise<void> {
  let next = 1;
  const worker = async () => {
    while (next <= users && !signal?.aborted) await work(userId(next++));
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

interface Client {
  pool: Pool;
  prefix: string;
  tryUntilMs: number;
  signal: AbortSignal | undefined;
}

/** The response, or with status 0 the reason why there is none. A server's failure is tried again within the bound. */
async function requestUser(
  client: Client,
  method: "GET" | "PUT",
  id: number,
  body?: string,
): Promise<{ status: number; text: string }> {
  for (let pauseMs = 50; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const response = await requestOnce(client, method, id, body);
    const mayPass = response.status === 0 || response.status === 429 || response.status >= 500;
    const over = Date.now() + pauseMs > client.tryUntilMs || client.signal?.aborted === true;
    if (!mayPass || over) return response;
    await sleep(pauseMs);
  }
}

async function requestOnce(
  { pool, prefix }: Client,
  method: "GET" | "PUT",
  id: number,
  body?: string,
): Promise<{ status: number; text: string }> {
  try {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const path = `${prefix}/api/users/${id}`;
    const response = await pool.request({ method, path, headers, ...(body === undefined ? {} : { body }) });
    const text = await response.body.text();
    const { statusCode: status } = response;
    return { status, text: status < 300 ? text : `HTTP ${status} ${text.slice(0, 200)}`.trimEnd() };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return { status: 0, text: message || (code ?? "failed") };
  }
}
