import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { faults, parseFault } from "./faults.ts";

test("every fault is found by its name, and fits a line of the help", () => {
  for (const fault of faults) {
    assert.equal(parseFault(fault.name), fault);
    assert.ok(fault.about.length <= 80, fault.about);
  }
});

test("an unknown fault is wrong usage, and the message names those that there are", () => {
  assert.throws(
    () => parseFault("kill-all"),
    (error) =>
      error instanceof UserError &&
      error.exitCode === 2 &&
      error.message.startsWith("--fault kill-all: there is rollout, kill-api"),
  );
});
