import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { faults, parseFault } from "./faults.ts";

test("parseFault finds every fault by its name, and its text fits a line of the help", () => {
  for (const fault of faults) {
    assert.equal(parseFault(fault.name), fault);
    assert.ok(fault.about.length <= 80, fault.about);
  }
});

test("parseFault refuses an unknown name as wrong usage and names the known ones", () => {
  assert.throws(
    () => parseFault("kill-all"),
    (error) =>
      error instanceof UserError &&
      error.exitCode === 2 &&
      error.message.startsWith("--fault kill-all: there is rollout, kill-api"),
  );
});
