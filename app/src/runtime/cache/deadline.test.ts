import assert from "node:assert/strict";
import { test } from "node:test";
import { CacheUnavailable } from "./cache-store.ts";
import { withDeadline } from "./deadline.ts";

test("passes on what comes in time, good or bad", async () => {
  assert.equal(await withDeadline(Promise.resolve(1), 1000), 1);
  await assert.rejects(withDeadline(Promise.reject(new TypeError("bad")), 1000), TypeError);
});

test("rejects when nothing comes", async () => {
  await assert.rejects(withDeadline(new Promise(() => undefined), 1), CacheUnavailable);
});

test("an answer that waits in the event loop when the time is over still counts", async () => {
  // The process stands still past the deadline; the answer's turn comes in the same round of the loop.
  const answer = new Promise<string>((resolve) =>
    setTimeout(() => queueMicrotask(() => resolve("in time")), 6),
  );
  const raced = withDeadline(answer, 5);
  const until = Date.now() + 20;
  while (Date.now() < until);
  assert.equal(await raced, "in time");
});

test("time in which the process stood still is given once more", async () => {
  const raced = withDeadline(new Promise((resolve) => setTimeout(() => resolve("late"), 60)), 50);
  const until = Date.now() + 75;
  while (Date.now() < until);
  assert.equal(await raced, "late");
});
