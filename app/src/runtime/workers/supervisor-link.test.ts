import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { type TestContext, test } from "node:test";
import { OperationRefused } from "../http/operations.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { type LinkParts, SupervisorLink } from "./supervisor-link.ts";
import { WorkerTalk } from "./worker-requests.ts";

/** Both sides of a talk, joined by JSON as over IPC. */
function talk(t: TestContext, answers: Partial<LinkParts["answers"]> = {}) {
  const toWorker = new EventEmitter();
  const heard: FromWorker[] = [];
  const supervisor = new WorkerTalk(2, (message: ToWorker) => {
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
      heard.push(copy);
      if (copy.type === "answer") supervisor.answered(copy);
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
  const none = () => assert.fail("not asked");
  link.open({
    health,
    answers: {
      ...{ metrics: none, stats: none, memory: none, snapshot: none, clearCache: none },
      ...answers,
    },
    figures: () => metrics.stats(),
    leave: (reason) => left.push(reason),
    rss: () => 77,
  });
  t.after(() => link.close(metrics.stats()));
  return { supervisor, link, heard, channel, health, left, metrics, toWorker };
}

test("a worker says how it is at once, and that it listens", (t) => {
  const { link, heard } = talk(t);
  link.ready();
  assert.deepEqual(heard, [
    {
      type: "memory",
      rssBytes: 77,
      ready: { status: 503, body: "no" },
      report: { status: 503, body: "{}" },
    },
    { type: "worker_ready" },
  ]);
});

test("a change of health is told before the next second", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { heard, health } = talk(t);
  t.mock.timers.tick(200);
  assert.equal(heard.length, 1);
  health.ready = { status: 200, body: "yes" };
  t.mock.timers.tick(100);
  assert.equal(heard.length, 2);
  t.mock.timers.tick(5000);
  assert.equal(heard.filter(({ type }) => type === "memory").length, 7);
  assert.equal(heard.filter(({ type }) => type === "metrics").length, 1);
});

test("questions are answered, each its own, with their argument", async (t) => {
  const { supervisor } = talk(t, {
    memory: async () => ({ rss: 5 }),
    clearCache: (pattern) => pattern?.length,
  });
  const [memory, cleared] = await Promise.all([
    supervisor.ask("memory", 1000),
    supervisor.ask("clearCache", 1000, "user:*"),
  ]);
  assert.deepEqual(memory, { rss: 5 });
  assert.equal(cleared, 6);
});

test("a refusal arrives with its status, a failure as one of that worker", async (t) => {
  const { supervisor } = talk(t, {
    snapshot: () => {
      throw new OperationRefused(503, "no room");
    },
    stats: () => Promise.reject(new Error("broke")),
  });
  await assert.rejects(supervisor.ask("snapshot", 1000), { name: "OperationRefused", message: "no room" });
  await assert.rejects(supervisor.ask("stats", 1000), { name: "Error", message: "worker 2: broke" });
});

test("no answer in time, or a worker that ends, is a refusal; an answer after that is dropped", async (t) => {
  let settle: (value: unknown) => void = () => undefined;
  const { supervisor } = talk(t, { memory: () => new Promise((resolve) => (settle = resolve)) });
  await assert.rejects(supervisor.ask("memory", 1), {
    statusCode: 503,
    message: "worker 2 did not answer within 1 ms",
  });
  settle(1);
  const waiting = supervisor.ask("memory", 60_000);
  supervisor.close();
  await assert.rejects(waiting, { statusCode: 503, message: "worker 2 ended" });
  await assert.rejects(supervisor.ask("memory", 60_000), { message: "worker 2 ended" });
});

test("the worker leaves when told, and says last what it counted", async (t) => {
  const { link, heard, left, metrics, toWorker, channel } = talk(t);
  toWorker.emit("message", { type: "leave", reason: "SIGTERM" });
  assert.deepEqual(left, ["SIGTERM"]);
  metrics.route("GET", "/light").count(200, 0.001);
  await link.close(metrics.stats());
  const last = heard.at(-1);
  assert.ok(last?.type === "metrics");
  assert.deepEqual(last.figures.routes[0]?.byStatus, [[200, 1]]);
  channel.connected = false;
  await link.close(metrics.stats());
  assert.equal(heard.at(-1), last, "nothing is said to a supervisor that is gone");
});
