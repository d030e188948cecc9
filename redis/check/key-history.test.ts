import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyHistory } from "./key-history.ts";

const good = { kind: "good" };

/** A key whose writes with the numbers 1 … count were acknowledged at 10, 20 … ms. */
function written(count: number): KeyHistory {
  const history = new KeyHistory();
  for (let number = 1; number <= count; number++)
    history.acknowledge(history.begin(), number === 1 ? undefined : number - 1, number * 10);
  return history;
}

test("a write that replaces the newest acknowledged number, or one without a response, is good", () => {
  const history = written(2);
  history.fail(history.begin());
  assert.deepEqual(history.acknowledge(history.begin(), 3, 40).judgement, good);
  history.fail(history.begin());
  assert.deepEqual(history.acknowledge(history.begin(), 4, 60).judgement, good);
});

test("a write that replaces an older number, or none, shows that the newest acknowledged one was lost", () => {
  const lost = { kind: "lost", wrote: 3, acknowledgedMs: 30 };
  for (const previous of [1, 2, undefined]) {
    const history = written(3);
    assert.deepEqual(history.acknowledge(history.begin(), previous, 40).judgement, lost);
    assert.deepEqual(history.acknowledge(history.begin(), 4, 50).judgement, good);
  }
  assert.deepEqual(written(3).end(2).judgement, lost);
  assert.deepEqual(written(3).end(undefined).judgement, lost);
  assert.deepEqual(written(3).end(3).judgement, good);
  assert.deepEqual(new KeyHistory().end(undefined).judgement, good);
});

test("an unanswered write in the place of a later acknowledged one is uncertain", () => {
  const history = written(1);
  history.fail(history.begin());
  history.acknowledge(history.begin(), 1, 30);
  assert.deepEqual(history.read(2, history.newest, 40), { kind: "uncertain" });
  assert.deepEqual(history.acknowledge(history.begin(), 2, 50).judgement, { kind: "uncertain" });
});

test("a read is as old as the first acknowledged write that it misses", () => {
  const history = written(4);
  assert.deepEqual(history.read(2, 4, 45), { kind: "stale", ageMs: 15 });
  assert.deepEqual(history.read(4, 4, 45), good);
  // A write that was acknowledged after the read began need not be in the response.
  assert.deepEqual(history.read(3, 3, 35), good);
});

test("stale reads count when the value comes back, and belong to the loss when it does not", () => {
  const history = written(3);
  history.read(1, 3, 35);
  assert.deepEqual(history.acknowledge(history.begin(), 3, 40).staleMs, [15]);
  history.read(1, 4, 55);
  assert.deepEqual(history.acknowledge(history.begin(), 1, 60).staleMs, []);
  history.read(4, 5, 65);
  assert.deepEqual(history.end(5).staleMs, [5]);
});

test("a value that is not known judges nothing", () => {
  const history = written(3);
  assert.deepEqual(history.acknowledge(history.begin(), null, 40).judgement, good);
});
