import assert from "node:assert/strict";
import { test } from "node:test";
import { formOf, fromStoredText, headerOf, toStoredText } from "./stored-text.ts";

test("fromStoredText returns the value unchanged, whatever it contains", () => {
  for (const value of ["", "{}", ';."!\u0000é😀', "a;b.c"]) {
    const stored = { value, expiresAt: 1_790_000_000_123, loadMs: 7 };
    assert.deepEqual(fromStoredText(toStoredText(stored, "f1"), "f1"), stored);
  }
});

test("fromStoredText returns undefined for a text of another form", () => {
  for (const text of [
    "",
    ";",
    "{}",
    '{"a":1.5;}',
    ".f.1;x",
    ".f.1.;x",
    ".f.12;x",
    `.f.${"1".repeat(40)}.1;x`,
    ".f.-1.1;x",
    "1.1;x",
    ".g.1.1;x",
    ".f1.1.1;x",
    "f.1.1;x",
  ])
    assert.equal(fromStoredText(text, "f"), undefined, text);
  assert.ok(fromStoredText(".f.1.1;x", "f"));
});

test("toStoredText gives a text that versions without forms do not take for a value", () => {
  const text = toStoredText({ value: "x", expiresAt: 1_790_000_000_123, loadMs: 7 }, "abc123");
  // Their rule: at least one digit before the first dot.
  assert.equal(text.indexOf("."), 0);
});

test("formOf is equal for equal parts, and differs for others", () => {
  assert.equal(formOf({ a: 1 }, 2), formOf({ a: 1 }, 2));
  assert.notEqual(formOf({ a: 1 }, 2), formOf({ a: 1 }, 3));
  assert.match(formOf(), /^[0-9a-f]{6}$/);
});

test("headerOf distinguishes a text from a later one", () => {
  const text = toStoredText({ value: "x", expiresAt: 1_790_000_000_123, loadMs: 7 }, "f");
  assert.ok(text.startsWith(headerOf(text)));
  assert.equal(headerOf(text).at(-1), ";");
  assert.ok(
    !toStoredText({ value: "x", expiresAt: 1_790_000_000_124, loadMs: 7 }, "f").startsWith(headerOf(text)),
  );
  assert.equal(headerOf("x".repeat(100)).length, 32);
});
