import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { type TestContext, test } from "node:test";
import { OperationRefused } from "../http/operations.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { type LinkParts, SupervisorLink } from "./supervisor-link.ts";
import { WorkerRequests } from "./worker-requests.ts";

/** A worker's link and its supervisor's requests, connected by JSON as over IPC. */
function connect(t: TestContext, operations: Partial<LinkParts["operations"]> = {}) {
  const toWorker = new EventEmitter();
  const received: FromWorker[] = [];
  const supervisor = new WorkerRequests(2, (message: ToWorker) => {
    toWorker.emit("message", JSON.parse(JSON.stringify(message)));
  });
  const channel = {
    connected: true,
    on: (event: "message", listener: (message: ToWorker) => void) => toWorker.on(event, listener),
    send: (
      message: unknown,
      _handle: undefined,
      _options: undefined,
      sent: (error: Error | null) => void,
    ) => {
      const copy = JSON.parse(JSON.stringify(message)) as FromWorker;
      received.push(copy);
      if (copy.type === "reply") supervisor.settle(copy);
      sent(null);
      return true;
    },
  };
  const metrics = new Metrics();
  const health = { ready: { status: 503, body: "no" }, report: { status: 503, body: "{}" } } as {
    -readonly [name in keyof LinkParts["health"]]: LinkParts["health"][name];
  };
  const left: string[] = [];
  const link = new SupervisorLink(channel);
  const none = () => assert.fail("not requested");
  link.open({
    health,
    operations: {
      metrics: none,
      stats: none,
      memory: none,
      snapshot: none,
      clearCache: none,
      ...operations,
    },
    stats: () => metrics.stats(),
    leave: (reason) => left.push(reason),
    rss: () => 77,
  });
  t.after(() => link.close(metrics.stats()));
  return { supervisor, link, received, channel, health, left, metrics, toWorker };
}

test("SupervisorLink sends a heartbeat at once, and a message when the worker listens", (t) => {
  const { link, received } = connect(t);
  link.ready();
  assert.deepEqual(received, [
    {
      type: "heartbeat",
      rssBytes: 77,
      ready: { status: 503, body: "no" },
      report: { status: 503, body: "{}" },
    },
    { type: "worker_ready" },
  ]);
});

test("SupervisorLink sends a heartbeat within 100 ms when readiness changes", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { received, health } = connect(t);
  t.mock.timers.tick(200);
  assert.equal(received.length, 1);
  health.ready = { status: 200, body: "yes" };
  t.mock.timers.tick(100);
  assert.equal(received.length, 2);
  t.mock.timers.tick(5000);
  assert.equal(received.filter(({ type }) => type === "heartbeat").length, 7);
  assert.equal(received.filter(({ type }) => type === "metrics").length, 1);
});

test("WorkerRequests matches replies to requests when several are pending", async (t) => {
  const { supervisor } = connect(t, {
    memory: async () => ({ rss: 5 }),
    clearCache: (pattern) => pattern?.length,
  });
  const [memory, cleared] = await Promise.all([
    supervisor.request("memory", 1000),
    supervisor.request("clearCache", 1000, "user:*"),
  ]);
  assert.deepEqual(memory, { rss: 5 });
  assert.equal(cleared, 6);
});

test("WorkerRequests keeps the status of a refusal, and names the worker of a failure", async (t) => {
  const { supervisor } = connect(t, {
    snapshot: () => {
      throw new OperationRefused(503, "no room");
    },
    stats: () => Promise.reject(new Error("broke")),
  });
  await assert.rejects(supervisor.request("snapshot", 1000), {
    name: "OperationRefused",
    message: "no room",
  });
  await assert.rejects(supervisor.request("stats", 1000), { name: "Error", message: "worker 2: broke" });
});

test("WorkerRequests refuses a request when no reply comes in time or the worker ends", async (t) => {
  let settle: (value: unknown) => void = () => undefined;
  const { supervisor } = connect(t, { memory: () => new Promise((resolve) => (settle = resolve)) });
  await assert.rejects(supervisor.request("memory", 1), {
    statusCode: 503,
    message: "worker 2 did not answer within 1 ms",
  });
  settle(1);
  const waiting = supervisor.request("memory", 60_000);
  supervisor.close();
  await assert.rejects(waiting, { statusCode: 503, message: "worker 2 ended" });
  await assert.rejects(supervisor.request("memory", 60_000), { message: "worker 2 ended" });
});

test("SupervisorLink calls leave when asked, and sends the final stats on close", async (t) => {
  const { link, received, left, metrics, toWorker, channel } = connect(t);
  toWorker.emit("message", { type: "leave", reason: "SIGTERM" });
  assert.deepEqual(left, ["SIGTERM"]);
  metrics.route("GET", "/light").count(200, 0.001);
  await link.close(metrics.stats());
  const last = received.at(-1);
  assert.ok(last?.type === "metrics");
  assert.deepEqual(last.stats.routes[0]?.byStatus, [[200, 1]]);
  channel.connected = false;
  await link.close(metrics.stats());
  assert.equal(received.at(-1), last, "nothing is sent to a supervisor that is gone");
});
