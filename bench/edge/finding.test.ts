import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodeOf, type Finding, findingsTable, noneFailed, spread } from "./finding.ts";

const finding = (isMet: boolean): Finding => ({
  part: "dns",
  check: "requests",
  measured: "0 of 9 failed",
  target: "0 failed",
  isMet,
});

test("exitCodeOf is 0 only when there are findings and all are met", () => {
  assert.equal(exitCodeOf([finding(true), finding(true)]), 0);
  assert.equal(exitCodeOf([finding(true), finding(false)]), 1);
  assert.equal(exitCodeOf([]), 1);
});

test("findingsTable marks each finding", () => {
  const [, met, missed] = findingsTable([finding(true), finding(false)]).split("\n");
  assert.match(met ?? "", /^✓ {2}dns +requests +0 of 9 failed +0 failed$/);
  assert.match(missed ?? "", /^✗/);
});

test("noneFailed is not met when a request failed, or none was sent", () => {
  const of = (sent: number, failed: number) =>
    noneFailed("dns", "requests", { sent, failed, reasons: "503 × 1" });
  assert.deepEqual([of(9, 0).isMet, of(9, 1).isMet, of(0, 0).isMet], [true, false, false]);
  assert.deepEqual([of(9, 1).measured, of(9, 1).details], ["1 of 9 failed", "503 × 1"]);
});

test("spread shows the smallest, middle and largest value", () => {
  assert.equal(spread([1400, 600, 900]), "0.6 … 0.9 … 1.4 s");
  assert.equal(spread([]), "none");
});
