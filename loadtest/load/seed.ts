import { Agent, request } from "node:http";
import { userBody } from "./scenarios.ts";

/** Result of seeding. */
export interface SeedResult {
  seeded: number;
  seconds: number;
  /** Users that could not be written, with the reason. There are no retries: a stack that needs them has a problem. */
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
  const parallel = options.parallel ?? 16;
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const failures: SeedResult["failures"] = [];
  const startedAt = Date.now();
  let next = 1;
  let done = 0;
  const writer = async () => {
    while (next <= users && !options.signal?.aborted) {
      const id = next++;
      const reason = await putUser(agent, endpoint, id, options.timeoutMs ?? 10_000);
      if (reason !== undefined) failures.push({ id, reason });
      done++;
      options.onProgress?.(done);
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, writer));
  } finally {
    agent.destroy();
  }
  return { seeded: done - failures.length, seconds: (Date.now() - startedAt) / 1000, failures };
}

/** Writes one user. @returns the reason when it failed */
function putUser(agent: Agent, endpoint: string, id: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const body = userBody(id);
    const outgoing = request(
      `${endpoint}/api/users/${id}`,
      {
        method: "PUT",
        agent,
        timeout: timeoutMs,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          if (text.length < 200) text += chunk;
        });
        response.on("error", (error) => resolve(error.message));
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          resolve(
            status >= 200 && status < 300 ? undefined : `HTTP ${status} ${text.slice(0, 200)}`.trimEnd(),
          );
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no response within ${timeoutMs} ms`)));
    outgoing.on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.message || (error.code ?? "failed")),
    );
    outgoing.end(body);
  });
}
