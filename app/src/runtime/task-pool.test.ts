import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { TaskConfig } from "../config/config.ts";
import { TaskPool, TaskRefused } from "./task-pool.ts";

const workerFile = fileURLToPath(new URL("../domain/heavy-worker.ts", import.meta.url));
/** Of these, 60 would take days. */
const endless = 60;

function openPool(t: TestContext, config: Partial<TaskConfig> = {}): TaskPool {
  const pool = new TaskPool({ threads: 1, queue: 8, timeoutMs: 60_000, ...config }, workerFile);
  t.after(() => pool.close());
  return pool;
}

test("works in a thread while the event loop goes on", async (t) => {
  const pool = openPool(t);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  assert.equal(await pool.run(30), 832_040);
  clearInterval(timer);
  assert.ok(turns > 0);
  const { threads, completed, running, queued } = pool.figures;
  assert.deepEqual(
    { threads, completed, running, queued },
    { threads: 1, completed: 1, running: 0, queued: 0 },
  );
});

test("works in order of arrival, and refuses what does not fit in the queue", async (t) => {
  const pool = openPool(t, { queue: 2 });
  const ended: number[] = [];
  const runs = await Promise.allSettled(
    [20, 21, 22, 23, 24].map((n) => pool.run<number, number>(n).then((result) => ended.push(result))),
  );
  assert.deepEqual(ended, [6765, 10_946, 17_711]);
  const refused = runs.filter((run) => run.status === "rejected").map(({ reason }) => reason);
  assert.equal(refused.length, 2);
  for (const reason of refused) {
    assert.ok(reason instanceof TaskRefused);
    assert.equal(reason.message, "2 tasks are waiting already");
    assert.equal(reason.statusCode, 503);
    assert.equal(reason.retryAfterSeconds, 1);
  }
  assert.equal(pool.figures.refused, 2);
});

test("ends a task that takes too long, and works on", async (t) => {
  const pool = openPool(t, { timeoutMs: 3_000 });
  await assert.rejects(pool.run(endless), {
    name: "TaskRefused",
    message: "the task was not done within 3000 ms",
  });
  assert.equal(await pool.run(10), 55);
  assert.equal(pool.figures.timedOut, 1);
});

test("counts the time in the queue against the limit", async (t) => {
  const pool = openPool(t, { timeoutMs: 1_500 });
  const runs = await Promise.allSettled([pool.run(endless), pool.run(10)]);
  assert.deepEqual(
    runs.map((run) => run.status),
    ["rejected", "rejected"],
  );
  assert.equal(await pool.run(10), 55);
});

test("a client that goes away takes its task along, queued or running", async (t) => {
  const pool = openPool(t);
  const [first, second] = [new AbortController(), new AbortController()];
  const running = pool.run(endless, first.signal);
  const queued = pool.run(endless, second.signal);
  const after = pool.run(10);
  second.abort();
  await assert.rejects(queued, { statusCode: 499 });
  assert.equal(pool.figures.running, 1);
  first.abort();
  await assert.rejects(running, { statusCode: 499 });
  assert.equal(await after, 55);
  assert.equal(pool.figures.aborted, 2);
  await assert.rejects(pool.run(10, first.signal), { statusCode: 499 });
});

test("refuses what is left when it closes", async (t) => {
  const pool = openPool(t);
  const runs = Promise.allSettled([pool.run(endless), pool.run(endless)]);
  await pool.close();
  for (const run of await runs) {
    assert.equal(run.status, "rejected");
    assert.equal(run.reason.message, "this pod is shutting down");
  }
  await assert.rejects(pool.run(1), { name: "TaskRefused" });
});
