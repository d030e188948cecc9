import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { Cache, type CacheConfig, RedisStore } from "../../app/src/parts/cache.ts";
import { CpuPool, workerThreads } from "../../app/src/parts/cpu-pool.ts";
import { closeWhenIdle, closeWithResponses, shutDown } from "../../app/src/parts/drain.ts";
import { Health } from "../../app/src/parts/health.ts";
import { MemoryMonitor, memoryLimit } from "../../app/src/parts/memory.ts";
import { Metrics } from "../../app/src/parts/metrics.ts";
import { Shedding } from "../../app/src/parts/shedding.ts";
import { contentType, keepAliveTimeoutMs, port } from "../api/servers/answers.ts";

// A plain HTTP server with the part of the runtime that PART names, or with none. Settings are those of docs/parts.md's example.

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
/** Adds a part to a handler. */
type Wrap = (next: Handler) => Handler;

const log = { info() {}, warn() {}, error() {} };
const MiB = 2 ** 20;
const database = { createSchema: async () => {}, ping: async () => {}, openConnections: async () => {} };
const body = JSON.stringify({ ok: true });

function answer(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": contentType, "content-length": text.length }).end(text);
}

/** Responds with the body from the copies of the process, in place of the handler. */
async function cache(): Promise<Wrap> {
  const config: CacheConfig = {
    mode: "single",
    nodes: [{ host: "127.0.0.1", port: Number(process.env.REDIS_PORT) }],
    username: "",
    password: "",
    database: 0,
    connectTimeoutMs: 1000,
    keepAliveMs: 5000,
    ttlSeconds: 86_400,
    staleSeconds: 600,
    prefix: "parts:",
    timeoutMs: 2000,
    localBytes: 8 * MiB,
    breaker: { failures: 3, pauseMs: 1000 },
  };
  const store = new RedisStore(config, log);
  await store.start();
  const copies = new Cache(store, {
    ...config,
    form: "1",
    isOriginFailure: () => true,
    isUnknownOutcome: () => true,
    writeLimitMs: 5000,
  });
  return () => async (_request, response) => {
    const { value, status } = await copies.read("light", async () => body);
    // A load whose hits come from Redis, or that reads the origin, would measure something else.
    if (value === undefined || (status !== "HIT" && copies.stats.hits > 1)) response.writeHead(500).end();
    else answer(response, value);
  };
}

/** A task for each request. */
async function cpuPool(): Promise<Wrap> {
  const config = { threads: 1, queue: 1000, timeoutMs: 5000 };
  const threads = workerThreads(config, join(import.meta.dirname, "task.ts"), () => {});
  const pool = new CpuPool(config, threads);
  return (next) => async (request, response) => {
    await pool.run(1);
    return next(request, response);
  };
}

async function memory(): Promise<Wrap> {
  const limitBytes = memoryLimit();
  new MemoryMonitor({
    intervalMs: 5000,
    samples: 100,
    limitBytes,
    heapLimitBytes: 1024 * MiB,
    minGrowthBytes: 8 * MiB,
  }).start();
  return (next) => next;
}

async function shedding(): Promise<Wrap> {
  const parts = { memoryLimitBytes: memoryLimit(), log };
  const shed = new Shedding({ eventLoopDelayMs: 500, memoryPercent: 92 }, parts);
  shed.start();
  return (next) => (request, response) => {
    if (shed.refuse() === undefined) return next(request, response);
    response.writeHead(503, { "retry-after": "1" }).end();
  };
}

async function health(): Promise<Wrap> {
  void new Health({ database, log }).watch();
  return (next) => next;
}

async function metrics(): Promise<Wrap> {
  const stats = new Metrics({}).route("GET", "/light");
  return (next) => (request, response) => {
    const startMs = performance.now();
    response.on("finish", () => stats.count(response.statusCode, (performance.now() - startMs) / 1000));
    return next(request, response);
  };
}

async function drain(): Promise<Wrap> {
  process.on("SIGTERM", async () => {
    const parts = {
      health: new Health({ database, log }),
      closeConnectionsWithResponses: () => closeWithResponses(server),
      closeServer: () => closeWhenIdle(server, () => new Promise<void>((done) => server.close(() => done()))),
      cutConnections: () => server.closeAllConnections(),
      closeRest: async () => {},
      log,
      delayMs: 0,
      timeoutMs: 1000,
    };
    process.exit(await shutDown(parts, "SIGTERM"));
  });
  return (next) => next;
}

const wraps = { cache, "cpu-pool": cpuPool, memory, shedding, drain, health, metrics };
const { "cpu-pool": _, ...together } = wraps;
const chosen: Record<string, readonly (() => Promise<Wrap>)[]> = { none: [], all: Object.values(together) };
for (const [name, wrap] of Object.entries(wraps)) chosen[name] = [wrap];

let handler: Handler = (_request, response) => answer(response, body);
for (const make of chosen[process.env.PART ?? "none"] ?? []) handler = (await make())(handler);
const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
  void handler(request, response);
});
server.listen(port, "127.0.0.1");
