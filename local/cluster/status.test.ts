import assert from "node:assert/strict";
import { test } from "node:test";
import { age } from "./status.ts";

test("age formats a duration in its largest unit", () => {
  const second = 1000;
  assert.equal(age(59 * second), "59 s");
  assert.equal(age(60 * second), "1 min");
  assert.equal(age(47.9 * 3600 * second), "47 h");
  assert.equal(age(48 * 3600 * second), "2 d");
});
