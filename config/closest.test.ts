import assert from "node:assert/strict";
import { test } from "node:test";
import { closest } from "./closest.ts";

test("closest returns the candidate when the word is a typo of it", () => {
  assert.equal(closest("replcias", ["memory", "replicas"]), "replicas");
  assert.equal(closest("MEMORY", ["memory", "replicas"]), "memory");
});

test("closest returns undefined when no candidate is similar", () => {
  assert.equal(closest("storage", ["memory", "replicas"]), undefined);
  assert.equal(closest("x", []), undefined);
});
