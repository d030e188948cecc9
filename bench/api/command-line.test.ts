import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { parseSpeedCommand } from "./command-line.ts";

test("without options every part is measured", () => {
  assert.deepEqual(parseSpeedCommand([]), {
    rounds: 20,
    durationMs: 2000,
    parts: ["light", "cached-read", "heavy-mix"],
    json: undefined,
    gate: false,
    help: false,
  });
});

test("rounds, duration and parts can be chosen", () => {
  const args = ["--rounds", "6", "--duration", "0.5", "--part", "heavy-mix", "--json", "a.json", "--gate"];
  const { rounds, durationMs, parts, json, gate } = parseSpeedCommand(args);
  assert.deepEqual([rounds, durationMs, parts, json, gate], [6, 500, ["heavy-mix"], "a.json", true]);
});

for (const args of [
  ["--no-such-flag"],
  ["--rounds", "7"],
  ["--rounds", "x"],
  ["--duration", "0"],
  ["--duration", ""],
  ["--part", "dark"],
  ["extra"],
])
  test(`refuses ${args.join(" ")}`, () => {
    assert.throws(
      () => parseSpeedCommand(args),
      (error) => error instanceof UserError && error.exitCode === 2,
    );
  });
