import assert from "node:assert/strict";
import { test } from "node:test";
import type { RedisFault } from "./fault.ts";
import { type FaultRun, missedTargets, servedMsOf } from "./judge-run.ts";
import { sampleCheck } from "./testing/sample-check.ts";

const fault: RedisFault = {
  name: "x",
  about: "x",
  servedMs: 3500,
  allowedLoss: "recent",
  inject: () => Promise.reject(new Error("not in this test")),
};
const injected = { how: "x", atMs: 10_000 };
const loss = { key: "k", slot: 1, wrote: 5, found: 4, foundMs: 13_000 };

function run(change: Partial<FaultRun> & { check?: Parameters<typeof sampleCheck>[0] } = {}): FaultRun {
  const { check, ...more } = change;
  return {
    fault: "x",
    round: 1,
    injected,
    healedMs: 5000,
    problem: undefined,
    servedMs: 2600,
    ...sampleCheck(check),
    ...more,
  };
}

test("missedTargets finds nothing in a run that healed in time", () => {
  assert.deepEqual(missedTargets(fault, run()), []);
});

const cases: [string, Parameters<typeof run>[0], RegExp][] = [
  [
    "a cluster that did not heal",
    { healedMs: undefined, problem: "a slot is open" },
    /did not heal.*slot is open/,
  ],
  ["a cluster that broke again", { problem: "5 of 6 pods are ready" }, /not whole at the end/],
  ["slots that were served late", { servedMs: 3600 }, /after 3\.6 s, not 3\.5 s/],
  [
    "a scaling that took long",
    { injected: { ...injected, durations: [{ what: "3 → 5", ms: 91_000, mostMs: 90_000 }] } },
    /3 → 5 took 91/,
  ],
  ["failed requests", { check: { api: { failed: 1, reasons: "GET 503 × 1" } } }, /^1 of 50 requests.*503/],
  ["an old read through the API", { check: { api: { oldestStaleMs: 130 } } }, /130 ms old, not 100 ms/],
  [
    "a write lost long before",
    { check: { redis: { lost: 1, lostWrites: [{ ...loss, acknowledgedMs: 8000 }] } } },
    /^1 acknowledged/,
  ],
  [
    "a write lost long after",
    { check: { redis: { lost: 1, lostWrites: [{ ...loss, acknowledgedMs: 12_000 }] } } },
    /^1 acknowledged/,
  ],
  ["lost data of before", { check: { redis: { ballast: { keys: 9, lost: 2 } } } }, /^2 of 9 keys/],
  ["keys that cannot be read", { check: { redis: { unreadable: 2 } } }, /^2 keys could not be read/],
];
for (const [what, change, message] of cases)
  test(`missedTargets reports ${what}`, () => {
    const missed = missedTargets(fault, run(change));
    assert.equal(missed.length, 1, missed.join("\n"));
    assert.match(missed[0] ?? "", message);
  });

test("missedTargets accepts the loss of a write that was acknowledged just before the fault, unless none is allowed", () => {
  const lost = run({ check: { redis: { lost: 1, lostWrites: [{ ...loss, acknowledgedMs: 9900 }] } } });
  assert.deepEqual(missedTargets(fault, lost), []);
  assert.deepEqual(missedTargets({ ...fault, allowedLoss: "all" }, lost), []);
  assert.equal(missedTargets({ ...fault, allowedLoss: "none" }, lost).length, 1);
});

test("servedMsOf counts the longest gap of a shard, or what is left of it after the fault", () => {
  const { redis } = sampleCheck();
  const shards = [
    { primary: "a", slots: 1, acknowledged: 1, longestGapMs: 20_000, gapFromMs: 9000 },
    { primary: "b", slots: 1, acknowledged: 1, longestGapMs: 50, gapFromMs: 1000 },
  ];
  assert.equal(servedMsOf({}, injected, { ...redis, shards }), 20_000);
  const ended = { ...injected, endMs: 26_000 };
  assert.equal(servedMsOf({ isServedAfterEnd: true }, ended, { ...redis, shards }), 3000);
});
