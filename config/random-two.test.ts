import assert from "node:assert/strict";
import { test } from "node:test";
import { idleShares } from "./random-two.ts";
import { problemsOf } from "./testing/problems.ts";

const pool = (replicas: number, podWeight: number) => ({ replicas, podWeight, share: replicas * podWeight });

function problems(
  pools: readonly { name: string; replicas: number; weight: number }[],
  balance = "random-two",
): string[] {
  return problemsOf({ nginx: { balance }, api: { pools: [...pools] } }).map(
    ({ path, value, rule }) => `${path} ${value} ${rule}`,
  );
}

test("idleShares are those of the weights while pods have equal weights, and turn round for two pods", () => {
  const rounded = (...pools: ReturnType<typeof pool>[]) =>
    idleShares(pools).map((share) => Number(share.toFixed(3)));
  assert.deepEqual(rounded(pool(9, 1), pool(1, 1)), [0.9, 0.1]);
  assert.deepEqual(rounded(pool(1, 9), pool(1, 1)), [0.1, 0.9]);
  assert.deepEqual(rounded(pool(1, 1)), [1]);
  assert.deepEqual(rounded(pool(3, 1), { ...pool(2, 1), share: 0 }), [1, 0]);
});

test("validate refuses weights that random-two does not keep", () => {
  const canary = [
    { name: "stable", replicas: 1, weight: 90 },
    { name: "canary", replicas: 1, weight: 10 },
  ];
  assert.match(
    problems(canary)[0] ?? "",
    /^api\.pools\[1\]\.weight 10 gives 10 % .* up to 90 % to this pool/,
  );
  assert.deepEqual(problems(canary, "least-conn"), []);
  assert.deepEqual(problems(canary.map((each) => ({ ...each, replicas: each.weight / 10 }))), []);
  assert.deepEqual(problems(canary.map((each) => ({ ...each, weight: 1 }))), []);
});
