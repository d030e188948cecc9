import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeCache } from "./judge-cache.ts";

const turns = (requestsPerSecond: number, ...p99s: number[]) =>
  p99s.map((p99Ms, index) => ({ requestsPerSecond: requestsPerSecond + index, p99Ms, failed: 0 }));
const origin = turns(48, 21, 21, 22, 21, 21, 22);
const steady = turns(9000, 0.2, 0.21, 0.2, 0.19, 0.2, 0.21);

test("judgeCache is met when kept responses are fast, and also when they expire", () => {
  const expiring = turns(8900, 0.24, 0.25, 0.24, 0.23, 0.24, 0.25);
  const [faster, slower, failed] = judgeCache(1, { origin, expiring, steady });
  assert.deepEqual([faster?.isMet, slower?.isMet, failed?.isMet], [true, true, true]);
  assert.match(slower?.measured ?? "", /^× 1\.2\d \(95 %: 1\.[12]\d … 1\.2\d\); 0\.24 and 0\.20 ms$/);
});

test("judgeCache is not met when kept responses are slow, or slow at their expiry, or fail", () => {
  const expiring = turns(2000, 20, 20, 21, 20, 20, 21).map((turn) => ({ ...turn, failed: 1 }));
  const found = judgeCache(1, { origin, expiring, steady });
  assert.deepEqual(
    found.map(({ isMet }) => isMet),
    [false, false, false],
  );
  assert.match(found[2]?.measured ?? "", /^6 of \d+ failed$/);
});

test("judgeCache demands of many connections only that kept responses are faster", () => {
  const pods = turns(1600, 21, 21, 22, 21, 21, 22);
  const [faster] = judgeCache(32, { origin: pods, expiring: steady, steady });
  assert.equal(faster?.isMet, true);
});

test("judgeCache decides nothing when the interval of the p99 reaches beyond the target", () => {
  const expiring = turns(8900, 0.1, 0.6, 0.15, 0.8, 0.2, 0.3);
  const [, slower] = judgeCache(1, { origin, expiring, steady });
  assert.deepEqual(
    [slower?.isMet, slower?.details],
    [false, "not decided: more --turns, or less other work"],
  );
});
