import assert from "node:assert/strict";
import { test } from "node:test";
import { CircuitBreaker } from "./circuit-breaker.ts";

function setUp() {
  const clock = { now: 0 };
  return { clock, breaker: new CircuitBreaker({ failures: 3, pauseMs: 1000, now: () => clock.now }) };
}

test("CircuitBreaker opens after consecutive failures, and reports it", () => {
  const { breaker } = setUp();
  assert.deepEqual([breaker.failed(), breaker.failed()], [false, false]);
  breaker.succeeded();
  assert.deepEqual(
    [breaker.failed(), breaker.failed(), breaker.failed(), breaker.failed()],
    [false, false, true, false],
  );
  assert.equal(breaker.state, "open");
});

test("CircuitBreaker lets one trial pass per pause, whose outcome closes or opens it", () => {
  const { clock, breaker } = setUp();
  assert.equal(breaker.takeTrial(), false);
  for (let failure = 0; failure < 3; failure++) breaker.failed();
  assert.equal(breaker.takeTrial(), false);
  clock.now = 1000;
  assert.deepEqual([breaker.takeTrial(), breaker.takeTrial()], [true, false]);
  assert.equal(breaker.state, "half-open");
  breaker.failed();
  assert.equal(breaker.state, "open");
  clock.now = 1999;
  assert.equal(breaker.takeTrial(), false);
  clock.now = 2000;
  assert.equal(breaker.takeTrial(), true);
  breaker.succeeded();
  assert.equal(breaker.isClosed, true);
});

test("CircuitBreaker allows the next trial when a trial never reports its outcome", () => {
  const { clock, breaker } = setUp();
  for (let failure = 0; failure < 3; failure++) breaker.failed();
  clock.now = 1000;
  breaker.takeTrial();
  clock.now = 2000;
  assert.equal(breaker.takeTrial(), true);
});

test("CircuitBreaker does not delay the trial when an earlier call fails late", () => {
  const { clock, breaker } = setUp();
  for (let failure = 0; failure < 3; failure++) breaker.failed();
  clock.now = 900;
  breaker.failed();
  clock.now = 1000;
  assert.equal(breaker.takeTrial(), true);
});
