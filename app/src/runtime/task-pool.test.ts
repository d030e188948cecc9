import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { TaskConfig } from "../config/config.ts";
import { TaskPool, TaskRefused } from "./task-pool.ts";

const workerFile = fileURLToPath(new URL("../domain/heavy-worker.ts", import.meta.url));

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
});

test("refuses what does not fit in the queue", async (t) => {
  const pool = openPool(t, { queue: 2 });
  const runs = await Promise.allSettled(Array.from({ length: 8 }, () => pool.run(20)));
  const refused = runs.filter((run) => run.status === "rejected");
  assert.ok(refused.length > 0 && refused.length < 8, `${refused.length} refused`);
  for (const { reason } of refused) {
    assert.ok(reason instanceof TaskRefused);
    assert.equal(reason.message, "2 tasks are waiting already");
    assert.equal(reason.statusCode, 503);
  }
});

test("ends a task that takes too long, and works on", async (t) => {
  const pool = openPool(t, { timeoutMs: 3_000 });
  // 60 would take days.
  await assert.rejects(pool.run(60), {
    name: "TaskRefused",
    message: "the task was not done within 3000 ms",
  });
  assert.equal(await pool.run(10), 55);
});
