import assert from "node:assert/strict";
import { test } from "node:test";
import { changeNames, parseZeroDowntimeCommand, usage } from "./command-line.ts";

test("parseZeroDowntimeCommand makes all changes without --only", () => {
  assert.deepEqual(parseZeroDowntimeCommand([]).only, [...changeNames]);
});

test("parseZeroDowntimeCommand returns the named changes in the order in which they are made", () => {
  const { only, requests, rounds } = parseZeroDowntimeCommand(["--only", "pools,drain", "--rounds", "10"]);
  assert.deepEqual([only, requests, rounds], [["drain", "pools"], 20_000, 10]);
});

test("the usage names every change", () => {
  for (const name of changeNames) assert.match(usage, new RegExp(`\\b${name}\\b`));
});

for (const [args, message] of [
  [["--only", "drian"], /--only drian: "drian" must be one of rollouts/],
  [["--requests", "10"], /--requests 10: must be a whole number from 1000/],
  [["--rounds", "0"], /--rounds 0: must be a whole number from 1/],
] as const)
  test(`parseZeroDowntimeCommand refuses ${args.join(" ")}`, () => {
    assert.throws(() => parseZeroDowntimeCommand(args), message);
  });
