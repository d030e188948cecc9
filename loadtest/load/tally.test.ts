import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlannedRequest } from "./planned-request.ts";
import { type InFlight, Tally } from "./tally.ts";

const request: PlannedRequest = {
  id: "load-1",
  kind: "light",
  method: "GET",
  path: "/",
  verify: (body) => body === "good",
};
const timeoutMs = 1000;
/** Measured: from 0 to 5000 ms. */
const newTally = () => new Tally(timeoutMs, (ms) => ms >= 0 && ms < 5000);
const sendAt = (tally: Tally, sentAt: number, counted = true): InFlight => {
  const inFlight = { request, sentAt, counted };
  tally.send(inFlight);
  return inFlight;
};

test("Tally counts every sent request as completed, failed or outstanding", () => {
  const tally = newTally();
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
  const tally = newTally();
  tally.answer(sendAt(tally, 0), 200, "good", 5, "load-1");
  tally.answer(sendAt(tally, 0), 200, "good", 5, "load-2");
  tally.answer(sendAt(tally, 0), 200, "good", 5);
  assert.deepEqual([tally.completed, tally.errors.wrongBody], [2, 1]);
});

test("Tally does not count the warm-up", () => {
  const tally = newTally();
  tally.answer(sendAt(tally, 0, false), 500, "", 9);
  tally.timeout(sendAt(tally, 0, false), 9);
  assert.deepEqual([tally.sent, tally.failed, tally.latency.count], [0, 0, 0]);
  assert.equal(tally.endSecond(0, 1).requestsPerSecond, 1);
});

test("Tally does not count a request that was written after the server announced the close", () => {
  const tally = newTally();
  tally.closed(sendAt(tally, 0), true, 1);
  assert.deepEqual([tally.sent, tally.resent, tally.failed], [0, 1, 0]);
});

test("Tally.endSecond returns the numbers of one second by its real length", () => {
  const tally = newTally();
  for (let n = 0; n < 100; n++) tally.answer(sendAt(tally, 0), n < 10 ? 502 : 200, "good", n + 1);
  const first = tally.endSecond(1, 2);
  assert.equal(first.requestsPerSecond, 50);
  assert.equal(first.failed, 10);
  // The percentiles are those of the 90 good responses, after 11 to 100 ms.
  assert.ok(Math.abs((first.p99Ms ?? 0) - 100) < 0.1);
  assert.deepEqual(tally.endSecond(2, 1), {
    second: 2,
    requestsPerSecond: 0,
    failed: 0,
    p50Ms: null,
    p99Ms: null,
  });
});

test("Tally counts a time-out as its limit in the percentiles", () => {
  const tally = newTally();
  for (let n = 0; n < 900; n++) tally.answer(sendAt(tally, 0), 200, "good", 50);
  for (let n = 0; n < 100; n++) tally.timeout(sendAt(tally, 0), 1000);
  const { p50Ms, p99Ms, count } = tally.latency.summary();
  assert.equal(count, 1000);
  assert.ok(Math.abs(p50Ms - 50) < 1, `p50 ${p50Ms}`);
  assert.ok(p99Ms >= 999, `p99 ${p99Ms}`);
});

test("Tally keeps refusals out of the percentiles of good responses", () => {
  const tally = newTally();
  for (let n = 0; n < 100; n++) tally.answer(sendAt(tally, 0), 200, "good", 2000);
  for (let n = 0; n < 900; n++) tally.answer(sendAt(tally, 0), 503, "", 1);
  assert.ok(Math.abs(tally.latency.at(50) - 2000) < 5);
  assert.deepEqual([tally.latency.count, tally.badLatency.count], [100, 900]);
});

test("Tally counts good responses of the measured time, also those to the warm-up", () => {
  const tally = newTally();
  tally.answer(sendAt(tally, -100, false), 200, "good", -1);
  tally.answer(sendAt(tally, -100, false), 200, "good", 10);
  tally.answer(sendAt(tally, 4900), 200, "good", 4999);
  tally.answer(sendAt(tally, 4900), 200, "good", 5001);
  tally.answer(sendAt(tally, 4900), 503, "", 4999);
  assert.deepEqual([tally.goodInTime, tally.completed], [2, 2]);
});

test("Tally counts a request that is open at the end once", () => {
  const tally = newTally();
  const [open, late] = [sendAt(tally, 0), sendAt(tally, 0)];
  tally.end(3000, true);
  tally.connectionError(open, "UND_ERR_DESTROYED", 3001);
  tally.answer(late, 200, "good", 3001);
  assert.deepEqual([tally.sent, tally.completed, tally.failed], [2, 0, 2]);
  assert.deepEqual([tally.errors.unfinished, tally.errors.connection], [2, {}]);
  assert.ok(tally.latency.at(50) >= 2990);
});

test("Tally counts a due request that never got a connection as a time-out", () => {
  const tally = newTally();
  tally.timeoutUnsent(100, true);
  tally.timeoutUnsent(-100, false);
  assert.deepEqual([tally.sent, tally.failed, tally.errors.timeouts, tally.notSent], [1, 1, 1, 1]);
});

test("Tally reports the outcome of a request to it, also in the warm-up", () => {
  const outcomes: boolean[] = [];
  const settle = (isGood: boolean) => outcomes.push(isGood);
  const tally = newTally();
  const send = (counted: boolean) => {
    const inFlight = { request: { ...request, settle }, sentAt: 0, counted };
    tally.send(inFlight);
    return inFlight;
  };
  tally.answer(send(false), 200, "good", 1);
  tally.answer(send(true), 200, "other", 1);
  tally.timeout(send(true), 1000);
  tally.closed(send(true), true, 1);
  assert.deepEqual(outcomes, [true, false, false, false]);
});
