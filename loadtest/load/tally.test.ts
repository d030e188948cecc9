import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlannedRequest } from "./scenarios.ts";
import { type InFlight, Tally } from "./tally.ts";

const request: PlannedRequest = {
  id: "load-1",
  kind: "light",
  method: "GET",
  path: "/",
  verify: (body) => body === "good",
};
const sendAt = (tally: Tally, sentAt: number, counted = true): InFlight => {
  const inFlight = { request, sentAt, counted };
  tally.send(inFlight);
  return inFlight;
};

test("Tally counts every sent request as completed, failed or outstanding", () => {
  const tally = new Tally();
  const [good, wrong, bad, late, reset, closed] = Array.from({ length: 7 }, () => sendAt(tally, 0));
  assert.ok(good && wrong && bad && late && reset && closed);
  tally.answer(good, 200, "good", 5);
  tally.answer(wrong, 200, "other", 5);
  tally.answer(bad, 503, "good", 5);
  tally.timeout(late, 5);
  tally.connectionError(reset, "ECONNRESET", 6);
  tally.closed(closed, false, 7);
  assert.deepEqual(tally.errors, {
    timeouts: 1,
    connection: { ECONNRESET: 1 },
    closed: 1,
    status: { "503": 1 },
    wrongBody: 1,
    unfinished: 0,
  });
  assert.deepEqual([tally.sent, tally.completed, tally.failed, tally.outstanding], [7, 1, 5, 1]);
  assert.deepEqual(tally.failedAt, [5, 5, 5, 6, 7]);
});

test("Tally refuses a response with the ID of another request, and accepts one without an ID", () => {
  const tally = new Tally();
  tally.answer(sendAt(tally, 0), 200, "good", 5, "load-1");
  tally.answer(sendAt(tally, 0), 200, "good", 5, "load-2");
  tally.answer(sendAt(tally, 0), 200, "good", 5);
  assert.deepEqual([tally.completed, tally.errors.wrongBody], [2, 1]);
});

test("Tally does not count the warm-up", () => {
  const tally = new Tally();
  tally.answer(sendAt(tally, 0, false), 500, "", 9);
  tally.timeout(sendAt(tally, 0, false), 9);
  assert.deepEqual([tally.sent, tally.failed, tally.latency.count], [0, 0, 0]);
  assert.equal(tally.endSecond(0, 1).requestsPerSecond, 1);
});

test("Tally does not count a request that was written after the server announced the close", () => {
  const tally = new Tally();
  tally.closed(sendAt(tally, 0), true, 1);
  assert.deepEqual([tally.sent, tally.resent, tally.failed], [0, 1, 0]);
});

test("Tally.endSecond returns the numbers of one second by its real length", () => {
  const tally = new Tally();
  for (let n = 0; n < 100; n++) tally.answer(sendAt(tally, 0), n < 10 ? 502 : 200, "good", n + 1);
  const first = tally.endSecond(1, 2);
  assert.equal(first.requestsPerSecond, 50);
  assert.equal(first.failed, 10);
  assert.ok(Math.abs((first.p99Ms ?? 0) - 99) < 0.1);
  assert.deepEqual(tally.endSecond(2, 1), {
    second: 2,
    requestsPerSecond: 0,
    failed: 0,
    p50Ms: null,
    p99Ms: null,
  });
});
