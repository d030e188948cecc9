import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEdgeCommand, partNames, usage } from "./command-line.ts";

test("parseEdgeCommand chooses all parts without --only", () => {
  assert.deepEqual(parseEdgeCommand([]).only, [...partNames]);
});

test("parseEdgeCommand returns the named parts in the order in which they run", () => {
  const { only, requests, rounds, turns } = parseEdgeCommand([
    ...["--only", "rollouts,membership"],
    ...["--requests", "1000000", "--rounds", "10", "--turns=12"],
  ]);
  assert.deepEqual([only, requests, rounds, turns], [["membership", "rollouts"], 1_000_000, 10, 12]);
});

test("the usage names every part", () => {
  for (const name of partNames) assert.match(usage, new RegExp(`\\b${name}\\b`));
});

for (const [args, message] of [
  [["--only", "weights,dsn"], /--only weights,dsn: "dsn" must be one of membership/],
  [["--only", ""], /--only : "" must be one of membership/],
  [["--requests", "10"], /--requests 10: must be a whole number from 1000/],
  [["--rounds", "0"], /--rounds 0: must be a whole number from 1/],
  [["--rate", "1e3"], /--rate 1e3: must be a whole number from 50/],
  [["--turns", "7"], /--turns 7: must be an even number from 6/],
  [["--turns", "4"], /--turns 4: must be an even number from 6/],
] as const)
  test(`parseEdgeCommand refuses ${args.join(" ")}`, () => {
    assert.throws(() => parseEdgeCommand(args), message);
  });
