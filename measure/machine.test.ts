import assert from "node:assert/strict";
import { test } from "node:test";
import { type Machine, sameMachine, thisMachine } from "./machine.ts";

const machine: Machine = { cpuModel: "CPU A", cpus: 2, memoryGiB: 7.8, kernel: "6.1.0", node: "v24.0.0" };

test("thisMachine describes this machine as JSON data", () => {
  const here = thisMachine();
  assert.ok(here.cpus >= 1 && here.memoryGiB > 0 && here.cpuModel.length > 0 && here.kernel.length > 0);
  assert.deepEqual(JSON.parse(JSON.stringify(here)), here);
  assert.deepEqual(sameMachine(here, thisMachine()), { same: true, reasons: [] });
});

test("sameMachine names every difference, then and now", () => {
  const other = { cpuModel: "CPU B", cpus: 4, memoryGiB: 15.6, kernel: "6.2.0", node: "v24.1.0" };
  assert.deepEqual(sameMachine(machine, other), {
    same: false,
    reasons: [
      "CPU was CPU A, is CPU B",
      "number of CPUs was 2, is 4",
      "memory was 7.8 GiB, is 15.6 GiB",
      "kernel was 6.1.0, is 6.2.0",
      "Node.js was v24.0.0, is v24.1.0",
    ],
  });
});

test("sameMachine accepts memory that differs by 5 %", () => {
  const less = { ...machine, memoryGiB: 7.5 };
  assert.ok(sameMachine(machine, less).same && sameMachine(less, machine).same);
  assert.ok(!sameMachine(machine, { ...machine, memoryGiB: 7.3 }).same);
});
