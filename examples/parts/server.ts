import { createServer } from "node:http";
import { Cache, type CacheConfig, RedisStore } from "@breakwater/api/cache";
import { CpuPool, workerThreads } from "@breakwater/api/cpu-pool";
import { closeWhenIdle, closeWithResponses, shutDown } from "@breakwater/api/drain";
import { Health } from "@breakwater/api/health";
import { MemoryMonitor, memoryLimit } from "@breakwater/api/memory";
import { Metrics } from "@breakwater/api/metrics";
import { Shedding } from "@breakwater/api/shedding";
import express, { type NextFunction, type Request, type Response } from "express";

// A plain Express app with every part of the kit's runtime, and nothing else of the kit.
const log = { info() {}, warn() {}, error() {} };
const MiB = 2 ** 20;

const redis: CacheConfig = {
  mode: "single",
  nodes: [{ host: "127.0.0.1", port: Number(process.env.REDIS_PORT) }],
  username: "",
  password: "",
  database: 0,
  connectTimeoutMs: 1000,
  keepAliveMs: 5000,
  ttlSeconds: 60,
  staleSeconds: 600,
  prefix: "parts:",
  timeoutMs: 200,
  localBytes: 8 * MiB,
  breaker: { failures: 3, pauseMs: 1000 },
};
const store = new RedisStore(redis, log);
await store.start();
const cache = new Cache(store, {
  ...redis,
  form: "1",
  isOriginFailure: () => true,
  isUnknownOutcome: () => true,
  writeLimitMs: 5000,
});

const poolConfig = { threads: 1, queue: 8, timeoutMs: 5000 };
const pool = new CpuPool(
  poolConfig,
  workerThreads(poolConfig, `${import.meta.dirname}/heavy.js`, () => {}),
);
const limits = { eventLoopDelayMs: 500, memoryPercent: 92 };
const shedding = new Shedding(limits, { memoryLimitBytes: memoryLimit(), log });
shedding.start();
const heapLimitBytes = 1024 * MiB;
const memory = new MemoryMonitor({
  intervalMs: 5000,
  samples: 100,
  limitBytes: memoryLimit(),
  heapLimitBytes,
  minGrowthBytes: 8 * MiB,
});
memory.start();
const metrics = new Metrics({ cache: () => ({ ...cache.stats }), heavy: () => ({ ...pool.stats }) });
const health = new Health({
  database: { createSchema: async () => {}, ping: async () => {}, openConnections: async () => {} },
  log,
});
void health.watch();

const origin = new Map([["1", "lamp"]]);
const app = express();
const counted = (route: string) => {
  const stats = metrics.route("GET", route);
  return (_request: Request, response: Response, next: NextFunction) => {
    const startMs = performance.now();
    response.on("finish", () => stats.count(response.statusCode, (performance.now() - startMs) / 1000));
    const reason = shedding.refuse();
    if (reason === undefined) next();
    else response.status(503).set("retry-after", "1").json({ error: reason });
  };
};

app.get("/ready", (_request, response) => void response.status(health.ready.status).send(health.ready.body));
app.get("/metrics", async (_request, response) => {
  response.type(metrics.contentType).send(await metrics.render());
});
app.get("/memory", (_request, response) => void response.json(memory.report()));
app.get("/fibonacci/:n", counted("/fibonacci/:n"), async (request, response) => {
  response.json({ value: await pool.run(Number(request.params.n)) });
});
app.get("/things/:id", counted("/things/:id"), async (request, response) => {
  const { id } = request.params;
  const { value, status } = await cache.read(`thing:${id}`, async () => origin.get(String(id)));
  response
    .set("x-cache", status)
    .status(value === undefined ? 404 : 200)
    .json({ name: value });
});
app.put("/things/:id/:name", async (request, response) => {
  const { id, name } = request.params;
  await cache.write(`thing:${id}`, async () => origin.set(id, name));
  response.json({ name });
});

const server = createServer(app).listen(Number(process.env.PORT), "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : address);
});
process.on("SIGTERM", async () => {
  const code = await shutDown(
    {
      health,
      closeConnectionsWithResponses: () => closeWithResponses(server),
      closeServer: () => closeWhenIdle(server, () => new Promise((done) => server.close(() => done()))),
      cutConnections: () => server.closeAllConnections(),
      closeRest: async () => {
        shedding.stop();
        memory.stop();
        await Promise.all([pool.close(), cache.close()]);
      },
      log,
      delayMs: 100,
      timeoutMs: 5000,
    },
    "SIGTERM",
  );
  process.exit(code);
});
