import assert from "node:assert/strict";
import { test } from "node:test";
import { CacheUnavailable } from "./cache-store.ts";
import { withDeadline } from "./deadline.ts";

test("withDeadline passes on a result or an error in time", async () => {
  assert.equal(await withDeadline(Promise.resolve(1), 1000), 1);
  await assert.rejects(withDeadline(Promise.reject(new TypeError("bad")), 1000), TypeError);
});

test("withDeadline rejects when nothing settles in time", async () => {
  await assert.rejects(withDeadline(new Promise(() => undefined), 1), CacheUnavailable);
});

test("withDeadline accepts a reply that waits in the event loop when the time is over", async () => {
  // The process is blocked past the deadline; the reply is handled in the same turn of the event loop.
  const reply = new Promise<string>((resolve) =>
    setTimeout(() => queueMicrotask(() => resolve("in time")), 6),
  );
  const raced = withDeadline(reply, 5);
  const until = Date.now() + 20;
  while (Date.now() < until);
  assert.equal(await raced, "in time");
});

test("withDeadline doubles the time limit when the process was paused", async () => {
  const raced = withDeadline(new Promise((resolve) => setTimeout(() => resolve("late"), 60)), 50);
  const until = Date.now() + 75;
  while (Date.now() < until);
  assert.equal(await raced, "late");
});
