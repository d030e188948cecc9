import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { parsePartsCommand } from "./command-line.ts";
import { runtimeParts } from "./runtime-parts.ts";

test("parsePartsCommand measures every part, or those that are named", () => {
  assert.deepEqual(parsePartsCommand([]), {
    rounds: 20,
    durationMs: 2000,
    parts: [...runtimeParts],
    json: undefined,
    help: false,
  });
  assert.deepEqual(parsePartsCommand(["--part", "cache", "--part", "drain"]).parts, ["cache", "drain"]);
});

for (const args of [["--part", "workers"], ["--rounds", "7"], ["--duration", "0"], ["extra"]])
  test(`parsePartsCommand refuses ${args.join(" ")}`, () => {
    assert.throws(
      () => parsePartsCommand(args),
      (error) => error instanceof UserError && error.exitCode === 2,
    );
  });
