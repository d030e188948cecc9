import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

import type { CpuPoolConfig } from "../../config/config.ts";
import { CpuPool, TaskRefused, type Threads, workerThreads } from "./cpu-pool.ts";

const workerFile = join(import.meta.dirname, "../../domain/heavy-worker.ts");

/** Threads whose tasks end when the test ends or aborts them. */
class HeldThreads implements Threads {
  readonly working = new Map<unknown, () => void>();
  destroyed = false;

  run(input: unknown, { signal }: { signal: AbortSignal }): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        this.working.delete(input);
        settle();
      };
      this.working.set(
        input,
        end(() => resolve(input)),
      );
      signal.addEventListener(
        "abort",
        end(() => reject(new Error("stopped"))),
      );
    });
  }

  async destroy(): Promise<void> {
    this.destroyed = true;
    for (const end of this.working.values()) end();
  }
}

function openPool(t: TestContext, config: Partial<CpuPoolConfig> = {}) {
  const threads = new HeldThreads();
  const pool = new CpuPool({ threads: 1, queue: 8, timeoutMs: 60_000, ...config }, threads);
  t.after(() => pool.close());
  const end = async (input: unknown) => {
    threads.working.get(input)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { pool, threads, end };
}

test("CpuPool does not block the event loop, and ends the thread of an aborted task", async (t) => {
  const config = { threads: 1, queue: 8, timeoutMs: 15_000 };
  const broken: Error[] = [];
  const pool = new CpuPool(
    config,
    workerThreads(config, workerFile, (error) => broken.push(error)),
  );
  t.after(() => pool.close());
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  assert.equal(await pool.run(30), 832_040);
  clearInterval(timer);
  assert.ok(turns > 0);
  const client = new AbortController();
  // This task would take days.
  const endless = pool.run(60, client.signal);
  client.abort();
  await assert.rejects(endless, { statusCode: 499 });
  assert.equal(await pool.run(10), 55);
  assert.deepEqual(broken, []);
});

test("CpuPool runs tasks in order of arrival, and refuses them when the queue is full", async (t) => {
  const { pool, threads, end } = openPool(t, { queue: 2 });
  const runs = ["a", "b", "c"].map((name) => pool.run(name));
  await assert.rejects(pool.run("d"), (refused) => {
    assert.ok(refused instanceof TaskRefused);
    assert.equal(refused.message, "2 tasks are waiting already");
    assert.deepEqual([refused.statusCode, refused.retryAfterSeconds], [503, 1]);
    return true;
  });
  const { queued, running, refused } = pool.stats;
  assert.deepEqual({ queued, running, refused }, { queued: 2, running: 1, refused: 1 });
  for (const name of ["a", "b", "c"]) {
    assert.deepEqual([...threads.working.keys()], [name]);
    await end(name);
  }
  assert.deepEqual(await Promise.all(runs), ["a", "b", "c"]);
  assert.deepEqual([pool.stats.queued, pool.stats.running, pool.stats.completed], [0, 0, 3]);
});

test("CpuPool uses every thread", async (t) => {
  const { pool, threads } = openPool(t, { threads: 2 });
  void Promise.allSettled(["a", "b", "c"].map((name) => pool.run(name)));
  assert.deepEqual([...threads.working.keys()], ["a", "b"]);
});

test("CpuPool refuses running and waiting tasks when their time is over, and keeps working", async (t) => {
  const { pool, end } = openPool(t, { timeoutMs: 50 });
  const runs = await Promise.allSettled([pool.run("slow"), pool.run("behind it")]);
  for (const run of runs) {
    assert.equal(run.status, "rejected");
    assert.equal(run.reason.message, "the task was not done within 50 ms");
  }
  assert.equal(pool.stats.timedOut, 2);
  const next = pool.run("next");
  await end("next");
  assert.equal(await next, "next");
});

test("CpuPool drops queued and running tasks when their client disconnects", async (t) => {
  const { pool, threads } = openPool(t);
  const [first, second] = [new AbortController(), new AbortController()];
  const running = pool.run("running", first.signal);
  const queued = pool.run("queued", second.signal);
  second.abort();
  await assert.rejects(queued, { statusCode: 499 });
  assert.deepEqual([...threads.working.keys()], ["running"]);
  first.abort();
  await assert.rejects(running, { statusCode: 499 });
  assert.deepEqual([...threads.working.keys()], []);
  assert.equal(pool.stats.aborted, 2);
  await assert.rejects(pool.run("never", first.signal), { statusCode: 499 });
});

test("CpuPool keeps the thread when a task ends soon after its client disconnected", async (t) => {
  const { pool, end } = openPool(t);
  const client = new AbortController();
  const run = pool.run("short", client.signal);
  client.abort();
  await end("short");
  assert.equal(await run, "short");
  // Each task counts once.
  assert.deepEqual([pool.stats.aborted, pool.stats.completed], [1, 0]);
});

test("CpuPool refuses the remaining tasks when it closes", async (t) => {
  const { pool, threads } = openPool(t);
  const runs = Promise.allSettled([pool.run("a"), pool.run("b")]);
  await pool.close();
  assert.deepEqual(
    (await runs).map((run) => run.status),
    ["fulfilled", "rejected"],
  );
  assert.ok(threads.destroyed);
  await assert.rejects(pool.run("c"), { name: "TaskRefused", message: "this pod is shutting down" });
});
