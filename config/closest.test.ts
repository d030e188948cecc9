import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "./closest.ts";

test("finds the candidate that a typo meant", () => {
  assert.equal(closest("replcias", ["memory", "replicas"]), "replicas");
  assert.equal(closest("MEMORY", ["memory", "replicas"]), "memory");
});

test("finds nothing when nothing is near", () => {
  assert.equal(closest("storage", ["memory", "replicas"]), undefined);
  assert.equal(closest("x", []), undefined);
});
