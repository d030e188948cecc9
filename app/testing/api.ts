import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { type AppParts, buildApp } from "../src/app.ts";
import type { VersionedUser, WriteCondition } from "../src/domain/users/user-store.ts";
import { Cache, type CacheOptions } from "../src/runtime/cache/cache.ts";
import { DatabaseUnavailable } from "../src/runtime/database/database.ts";
import { Metrics } from "../src/runtime/metrics/metrics.ts";
import { UploadStore } from "../src/runtime/uploads/upload-store.ts";
import { MemoryStore } from "./memory-store.ts";

/** The API with its database and cache in memory, closed when the test ends. */
export function buildTestApi(
  t: TestContext,
  parts: Partial<AppParts> = {},
  cacheOptions: Partial<CacheOptions> = {},
) {
  const rows = new Map<number, VersionedUser>();
  let writes = 0;
  const metrics = new Metrics();
  const uploadStats = { active: 0, files: 0, bytes: 0, failed: 0 };
  const logged: { level: number; msg: string; requestId?: string }[] = [];
  const cache = new Cache(new MemoryStore(), {
    prefix: "",
    form: "f",
    ttlSeconds: 300,
    staleSeconds: 3600,
    localBytes: 1024 ** 2,
    breaker: { failures: 3, pauseMs: 1000 },
    isOriginFailure: (error) => error instanceof DatabaseUnavailable,
    isUnknownOutcome: (error) => error instanceof DatabaseUnavailable && error.isOutcomeUnknown,
    writeLimitMs: 6000,
    ...cacheOptions,
  });
  t.after(() => cache.close());
  const app = buildApp({
    log: pino({ level: "warn" }, { write: (line) => logged.push(JSON.parse(line)) }),
    bodyLimitBytes: 1024,
    health: {
      live: { status: 200, body: "{}" },
      ready: { status: 503, body: '{"status":"not ready"}' },
      report: { status: 200, body: '{"status":"ok"}' },
    },
    shedding: { active: false, refuse: () => undefined },
    metrics,
    users: {
      find: async (id) => rows.get(id),
      findMany: async (ids) => ids.flatMap((id) => rows.get(id) ?? []),
      save: async (id, fields, condition) => {
        const before = rows.get(id);
        if (condition !== undefined && !isMet(condition, before?.version)) return undefined;
        const user = { id, ...fields, updatedAt: "2026-01-01T00:00:00.000Z" };
        const row = { user, version: String(++writes) };
        rows.set(id, row);
        return { ...row, isNew: before === undefined };
      },
    },
    cache,
    cpuPool: { run: async <Output>(n: unknown) => (Number(n) * 2) as Output },
    uploads: { store: new UploadStore(undefined), stats: uploadStats, maxBytes: 1024, maxFiles: 2 },
    ...parts,
  });
  t.after(() => app.close());
  return {
    app,
    metrics,
    logged,
    /** Sends PUT /users/:id. */
    put: (id: string, payload: unknown, headers: Record<string, string> = {}) =>
      app.inject({
        method: "PUT",
        url: `/users/${id}`,
        headers: { "content-type": "application/json", ...headers },
        payload: JSON.stringify(payload),
      }),
    /** Listens on a free local port and returns it. */
    listen: async (): Promise<number> => {
      await app.listen({ port: 0, host: "127.0.0.1" });
      return (app.server.address() as AddressInfo).port;
    },
  };
}

function isMet(condition: WriteCondition, version: string | undefined): boolean {
  if (condition === "missing") return version === undefined;
  if (version === undefined) return false;
  return condition.versions === "any" || condition.versions.includes(version);
}
