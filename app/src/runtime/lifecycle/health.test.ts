import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Health, type PartHealth } from "./health.ts";

const quiet = { info: () => undefined, warn: () => undefined };

/** Health with a database that the test makes fail. */
function open(t: TestContext, report: Record<string, () => PartHealth> = {}) {
  const state = { isAway: false, calls: [] as string[] };
  const record = (call: string) => async () => {
    state.calls.push(call);
    if (state.isAway) throw new Error("away");
  };
  const database = {
    createSchema: record("schema"),
    openConnections: record("connections"),
    ping: record("ping"),
  };
  const health = new Health({ database, log: quiet, report });
  t.after(() => health.stop());
  /** Waits for this total number of database calls. */
  const checks = async (count: number) => {
    while (state.calls.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { state, health, checks };
}

const status = ({ body }: { body: string }) => JSON.parse(body).status;

test("Health is not ready until the schema is created", async (t) => {
  const { state, health, checks } = open(t);
  state.isAway = true;
  void health.watch();
  await checks(1);
  assert.equal(health.ready.status, 503);
  assert.equal(health.live.status, 200);
  assert.deepEqual([health.report.status, status(health.report)], [503, "starting"]);
  state.isAway = false;
  await checks(3);
  assert.equal(health.ready.status, 200);
  assert.deepEqual(state.calls, ["schema", "schema", "connections"]);
  assert.equal(status(health.report), "ok");
});

test("Health stays ready and reports degraded when the database is down", async (t) => {
  const { state, health, checks } = open(t);
  void health.watch();
  await checks(2);
  state.isAway = true;
  await checks(5);
  assert.equal(health.ready.status, 200);
  assert.deepEqual([health.report.status, status(health.report)], [200, "degraded"]);
  assert.deepEqual(JSON.parse(health.report.body).parts.database, { degraded: true, state: "down" });
  state.isAway = false;
  await checks(6);
  assert.equal(status(health.report), "ok");
});

test("Health stays ready and names a degraded part", async (t) => {
  const { health, checks } = open(t, {
    cache: () => ({ degraded: true, breaker: "open" }),
    heavy: () => ({ degraded: false, queued: 3 }),
  });
  void health.watch();
  await checks(2);
  assert.equal(health.ready.status, 200);
  const { degraded, parts } = JSON.parse(health.report.body);
  assert.deepEqual(degraded, ["cache"]);
  assert.deepEqual(parts.heavy, { degraded: false, queued: 3 });
});

test("Health is not ready while the pod drains", async (t) => {
  const { health, checks } = open(t);
  void health.watch();
  await checks(2);
  health.drain();
  assert.equal(health.ready.status, 503);
  assert.deepEqual([health.report.status, status(health.report)], [503, "draining"]);
  assert.equal(health.live.status, 200);
});

test("Health logs each reason of the database once while it waits", async (t) => {
  const logged: unknown[] = [];
  const reasons = [
    "no route",
    "no route",
    "permission denied for schema public",
    "permission denied for schema public",
  ];
  let tries = 0;
  const refuse = async () => {
    throw new Error("the database is not available", {
      cause: new Error(reasons[tries++] ?? "permission denied for schema public"),
    });
  };
  const log = { info: () => undefined, warn: ({ reason }: { reason?: string }) => void logged.push(reason) };
  const health = new Health({
    database: { createSchema: refuse, openConnections: refuse, ping: refuse },
    log,
  });
  t.after(() => health.stop());
  void health.watch();
  while (tries < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(logged, ["no route", "permission denied for schema public"]);
});
