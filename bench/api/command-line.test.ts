import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { parseSpeedCommand } from "./command-line.ts";

test("parseSpeedCommand measures every part when no option is given", () => {
  assert.deepEqual(parseSpeedCommand([]), {
    rounds: 20,
    durationMs: 2000,
    parts: ["light", "cached-read", "heavy-mix"],
    json: undefined,
    gate: false,
    help: false,
  });
});

test("parseSpeedCommand reads rounds, duration and parts", () => {
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
  test(`parseSpeedCommand refuses ${args.join(" ")}`, () => {
    assert.throws(
      () => parseSpeedCommand(args),
      (error) => error instanceof UserError && error.exitCode === 2,
    );
  });
