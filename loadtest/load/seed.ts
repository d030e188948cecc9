import { Pool } from "undici";
import { pathPrefix } from "./load-driver.ts";
import { userBody } from "./scenarios.ts";

/** Result of seeding. */
export interface SeedResult {
  seeded: number;
  seconds: number;
  /** Users that could not be written, with the reason. There are no retries, because a stack that needs retries has a problem. */
  failures: { id: number; reason: string }[];
}

/**
 * Writes users 1 … `users` through the endpoint, `parallel` at a time over kept-alive connections.
 *
 * @param endpoint http URL without a trailing slash
 */
export async function seedUsers(
  endpoint: string,
  users: number,
  options: {
    parallel?: number;
    timeoutMs?: number;
    signal?: AbortSignal;
    onProgress?: (done: number) => void;
  } = {},
): Promise<SeedResult> {
  const { parallel = 16, timeoutMs = 10_000, signal, onProgress } = options;
  const pool = new Pool(new URL(endpoint).origin, {
    connections: parallel,
    connect: { timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const prefix = pathPrefix(endpoint);
  const failures: SeedResult["failures"] = [];
  const startedAt = Date.now();
  let next = 1;
  let done = 0;
  const writer = async () => {
    while (next <= users && !signal?.aborted) {
      const id = next++;
      const reason = await putUser(pool, `${prefix}/api/users/${id}`, id);
      if (reason !== undefined) failures.push({ id, reason });
      done++;
      onProgress?.(done);
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, writer));
  } finally {
    await pool.destroy();
  }
  return { seeded: done - failures.length, seconds: (Date.now() - startedAt) / 1000, failures };
}

/** Writes one user. @returns the reason when it failed */
async function putUser(pool: Pool, path: string, id: number): Promise<string | undefined> {
  try {
    const headers = { "content-type": "application/json" };
    const { statusCode, body } = await pool.request({ method: "PUT", path, headers, body: userBody(id) });
    const text = await body.text();
    if (statusCode >= 200 && statusCode < 300) return undefined;
    return `HTTP ${statusCode} ${text.slice(0, 200)}`.trimEnd();
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return message || (code ?? "failed");
  }
}
