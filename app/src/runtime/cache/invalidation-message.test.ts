import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidationMessages } from "./invalidation-message.ts";

test("InvalidationMessages ignores duplicates and its own messages", () => {
  const [one, two] = [new InvalidationMessages(), new InvalidationMessages()];
  const message = one.write("a=b*c");
  assert.equal(one.read(message), undefined);
  assert.equal(two.read(message)?.name, "a=b*c");
  assert.equal(two.read(message), undefined);
  const all = two.read(one.write());
  assert.ok(all && all.name === undefined);
});

test("InvalidationMessages ignores texts of another form", () => {
  for (const text of ["", "=", "*", "hello"]) assert.equal(new InvalidationMessages().read(text), undefined);
});
