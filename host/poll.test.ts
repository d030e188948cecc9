import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { poll, pollUntil } from "./poll.ts";

const awaited = { what: "the third attempt", fix: "wait longer", intervalMs: 1, timeoutMs: 5_000 };

/** An attempt that returns each of `results` in turn, and throws those that are errors. */
function attempts<T>(...results: (T | Error)[]) {
  let calls = 0;
  const attempt = async (): Promise<T> => {
    const result = results[Math.min(calls++, results.length - 1)] as T | Error;
    if (result instanceof Error) throw result;
    return result;
  };
  return { attempt, calls: () => calls };
}

test("pollUntil returns the first value that is neither undefined nor false", async () => {
  const { attempt, calls } = attempts<string | false | undefined>(undefined, false, "", "late");
  assert.equal(await pollUntil(awaited, attempt), "");
  assert.equal(calls(), 3);
});

test("pollUntil makes the first attempt at once, also with a time-out of zero", async () => {
  const { attempt, calls } = attempts(0);
  assert.equal(await pollUntil({ ...awaited, intervalMs: 60_000, timeoutMs: 0 }, attempt), 0);
  assert.equal(calls(), 1);
});

test("pollUntil names what it waited for and the last error after the time-out", async () => {
  const refused = new Error("connection refused");
  const { attempt, calls } = attempts<false>(refused);
  await assert.rejects(pollUntil({ ...awaited, timeoutMs: 20, retryAfter: () => true }, attempt), (error) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.message, "waited 0.02 s for the third attempt (connection refused)");
    assert.equal(error.fix, "wait longer");
    assert.equal(error.cause, refused);
    return true;
  });
  assert.ok(calls() > 1);
});

test("pollUntil leaves out an error that a later attempt did not repeat", async () => {
  const { attempt } = attempts<false>(new Error("connection refused"), false);
  await assert.rejects(pollUntil({ ...awaited, timeoutMs: 20, retryAfter: () => true }, attempt), {
    message: "waited 0.02 s for the third attempt",
  });
});

test("pollUntil ends at once with an error that is not retried", async () => {
  const broken = new Error("no such file");
  const { attempt, calls } = attempts<false>(broken);
  await assert.rejects(pollUntil(awaited, attempt), broken);
  await assert.rejects(pollUntil({ ...awaited, retryAfter: (error) => error !== broken }, attempt), broken);
  assert.equal(calls(), 2);
});

test("pollUntil ends with the reason of its signal, also in the middle of an interval", async () => {
  const stop = new AbortController();
  const { attempt, calls } = attempts(false as const);
  const waiting = pollUntil({ ...awaited, intervalMs: 60_000, signal: stop.signal }, attempt);
  setTimeout(() => stop.abort(new Error("interrupted")), 5);
  await assert.rejects(waiting, /interrupted/);
  assert.equal(calls(), 1);
});

test("poll returns undefined after the time-out", async () => {
  const { attempt } = attempts(false as const);
  assert.equal(await poll({ intervalMs: 1, timeoutMs: 10 }, attempt), undefined);
});
