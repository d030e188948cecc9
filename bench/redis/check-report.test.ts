import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTable, judgeCheck } from "./check-report.ts";
import { sampleCheck } from "./testing/sample-check.ts";

const limits = { maxLost: 0, maxStaleMs: 100 };

test("judgeCheck finds nothing wrong with a check without losses", () => {
  assert.deepEqual(judgeCheck(sampleCheck(), limits), []);
});

const cases: [string, Parameters<typeof sampleCheck>[0], RegExp][] = [
  ["lost writes", { redis: { lost: 2 } }, /^2 acknowledged writes were lost, 0 are allowed$/],
  ["uncertain writes", { redis: { uncertain: 1 } }, /^1 acknowledged writes were lost/],
  ["lost ballast", { redis: { ballast: { keys: 9, lost: 3 } } }, /^3 acknowledged writes were lost/],
  ["keys that cannot be read", { redis: { unreadable: 4 } }, /^4 keys could not be read/],
  ["stale reads of Redis", { redis: { oldestStaleMs: 250 } }, /^a read of Redis was 250 ms old, 100 ms/],
  ["stale reads of the API", { api: { oldestStaleMs: 101.4 } }, /^a read through the API was 101 ms old/],
  ["a cluster that takes no write", { redis: { acknowledged: 0 } }, /^no write was acknowledged$/],
];
for (const [what, change, message] of cases)
  test(`judgeCheck reports ${what}`, () => {
    const problems = judgeCheck(sampleCheck(change), limits);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", message);
  });

test("judgeCheck accepts as much as is allowed", () => {
  const check = sampleCheck({ redis: { lost: 2, oldestStaleMs: 300 } });
  assert.deepEqual(judgeCheck(check, { maxLost: 2, maxStaleMs: 300 }), []);
});

test("checkTable has the kinds of errors, the shards' gaps and the evictions", () => {
  const table = checkTable(
    sampleCheck({ redis: { refused: { CLUSTERDOWN: 3, "no response": 12 }, evictedKeys: 7, evicted: 1 } }),
  );
  assert.match(table, /no response × 12, CLUSTERDOWN × 3/);
  assert.match(table, /7, 1 of them of this check/);
  assert.match(table, /longest time without a write: redis-0 +40 ms, 0\.5 s after the start/);
});
