import assert from "node:assert/strict";
import { test } from "node:test";
import { fromStoredText, headerOf, toStoredText } from "./stored-text.ts";

test("fromStoredText returns the value unchanged, whatever it contains", () => {
  for (const value of ["", "{}", ';."!\u0000é😀', "a;b.c"]) {
    const stored = { value, expiresAt: 1_790_000_000_123, loadMs: 7 };
    assert.deepEqual(fromStoredText(toStoredText(stored)), stored);
  }
});

test("fromStoredText returns undefined for a text of another form", () => {
  for (const text of ["", ";", "{}", '{"a":1.5;}', ".1;x", "1.;x", "12;x", `${"1".repeat(40)}.1;x`, "-1.1;x"])
    assert.equal(fromStoredText(text), undefined, text);
});

test("headerOf distinguishes a text from a later one", () => {
  const text = toStoredText({ value: "x", expiresAt: 1_790_000_000_123, loadMs: 7 });
  assert.ok(text.startsWith(headerOf(text)));
  assert.equal(headerOf(text).at(-1), ";");
  assert.ok(
    !toStoredText({ value: "x", expiresAt: 1_790_000_000_124, loadMs: 7 }).startsWith(headerOf(text)),
  );
  assert.equal(headerOf("x".repeat(100)).length, 32);
});
