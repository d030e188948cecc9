import assert from "node:assert/strict";
import { test } from "node:test";
import { parseWaitFor } from "./wait-for.ts";

const object = {
  status: {
    phase: "Running",
    addresses: [{ ip: "192.0.2.1" }],
    conditions: [{ type: "Ready", status: "True" }],
  },
};
const stateOf = (annotation: string): string => parseWaitFor(annotation).judge(object, []).state;

test("waits for conditions and paths, alone and together", () => {
  assert.equal(stateOf("condition=Ready"), "ready");
  assert.equal(stateOf("condition=Ready=False"), "waiting");
  assert.equal(stateOf("jsonpath={.status.phase}=Running"), "ready");
  assert.equal(stateOf("jsonpath={.status.phase}=Done"), "waiting");
  assert.equal(stateOf("jsonpath={.status.addresses[0].ip}"), "ready");
  assert.equal(stateOf("jsonpath={.status.addresses[1].ip}"), "waiting");
  assert.equal(stateOf('["condition=Ready", "jsonpath={.status.none}"]'), "waiting");
});

test("refuses what it does not understand", () => {
  for (const annotation of ["Ready", "[", "[]", "jsonpath={.items[*]}", "delete"]) {
    assert.throws(() => parseWaitFor(annotation), /is not understood; write condition=/);
  }
});
