import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeSlowClients } from "./judge-slow-clients.ts";

const turns = (...p99s: number[]) =>
  p99s.map((p99Ms) => ({ p99Ms, requests: 900, failed: 0, reasons: "", held: 500 }));
const calm = turns(10, 11, 10, 9, 10, 11);

test("judgeSlowClients is met when the ratio of the p99 is at most 1.2 with its interval", () => {
  const [ratio, held, failed] = judgeSlowClients("headers", {
    elsewhere: calm,
    gateway: turns(11, 12, 11, 10, 11, 12),
  });
  assert.deepEqual([ratio?.isMet, held?.isMet, failed?.isMet], [true, true, true]);
  assert.match(ratio?.measured ?? "", /^× 1\.10 \(95 %: 1\.0\d … 1\.1\d\); 11\.0 and 10\.0 ms$/);
});

test("judgeSlowClients is not met when others wait longer, or fail", () => {
  const gateway = turns(20, 22, 20, 18, 20, 22).map((turn) => ({
    ...turn,
    failed: 1,
    reasons: "GET 503 × 1",
  }));
  const [ratio, , failed] = judgeSlowClients("bodies", { elsewhere: calm, gateway });
  assert.deepEqual([ratio?.isMet, failed?.isMet], [false, false]);
  assert.match(failed?.measured ?? "", /^6 of 5406 failed$/);
});

test("judgeSlowClients is not met when the slow clients have given up", () => {
  const gateway = calm.map((turn, index) => ({ ...turn, held: index === 3 ? 20 : 500 }));
  const [, held] = judgeSlowClients("uploads", { elsewhere: calm, gateway });
  assert.deepEqual([held?.isMet, held?.measured], [false, "at least 20"]);
});

test("judgeSlowClients decides nothing when the interval reaches beyond the target", () => {
  const [ratio] = judgeSlowClients("uploads", { elsewhere: calm, gateway: turns(2, 40, 3, 60, 4, 5) });
  assert.deepEqual([ratio?.isMet, ratio?.details], [false, "not decided: more --turns, or less other work"]);
  const [slower] = judgeSlowClients("uploads", { elsewhere: calm, gateway: turns(20, 22, 20, 18, 20, 22) });
  assert.deepEqual([slower?.isMet, slower?.details], [false, ""]);
});
