import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { parseCheckCommand } from "./check-command.ts";

test("parseCheckCommand reads durations in seconds and minutes", () => {
  assert.equal(parseCheckCommand([]).seconds, 30);
  assert.equal(parseCheckCommand(["--duration", "45s"]).seconds, 45);
  assert.equal(parseCheckCommand(["--duration=2m"]).seconds, 120);
});

test("parseCheckCommand refuses values out of their range", () => {
  for (const [args, message] of [
    [["--duration", "0s"], /--duration 0s: must be from 1s to 1440m/],
    [["--duration", "30"], /--duration 30: must/],
    [["--rate", "0"], /--rate/],
    [["--keys", "x"], /--keys/],
    [["--max-lost", "-1"], /--max-lost/],
  ] as const)
    assert.throws(
      () => parseCheckCommand(args),
      (error) => error instanceof UserError && error.exitCode === 2 && message.test(error.message),
    );
});
