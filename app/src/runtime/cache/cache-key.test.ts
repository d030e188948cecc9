import assert from "node:assert/strict";
import { test } from "node:test";
import slotOf from "cluster-key-slot";
import fc from "fast-check";
import { cacheKey, cacheKeyGlob, nameOf } from "./cache-key.ts";

test("a key and its lease lie in one slot, whatever the name and the prefix", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (prefix, name) => {
      const key = cacheKey(prefix, name);
      assert.equal(slotOf(key), slotOf(`${key}!`));
    }),
  );
});

test("different names have different keys", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      assert.equal(cacheKey("p:", one) === cacheKey("p:", other), one === other);
    }),
  );
});

test("names are made of parts that do not run into each other", () => {
  assert.equal(nameOf("user", 7), "user:7");
  assert.notEqual(nameOf("a", "b:c"), nameOf("a", "b", "c"));
});

test("a prefix is no pattern", () => {
  assert.equal(cacheKeyGlob("a*[b]:", "user:*"), "a\\*\\[b\\]:{user:*}*");
});
