import assert from "node:assert/strict";
import { test } from "node:test";
import slotOf from "cluster-key-slot";
import fc from "fast-check";
import { cacheKey, cacheKeyGlob, nameOf } from "./cache-key.ts";

test("cacheKey puts a key and its lease into one slot, for any name and prefix", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (prefix, name) => {
      const key = cacheKey(prefix, name);
      assert.equal(slotOf(key), slotOf(`${key}!`));
    }),
  );
});

test("cacheKey gives different keys for different names", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      assert.equal(cacheKey("p:", one) === cacheKey("p:", other), one === other);
    }),
  );
});

test("nameOf gives different names for different parts", () => {
  assert.equal(nameOf("user", 7), "user:7");
  assert.notEqual(nameOf("a", "b:c"), nameOf("a", "b", "c"));
});

test("cacheKeyGlob escapes glob characters of the prefix", () => {
  assert.equal(cacheKeyGlob("a*[b]:", "user:*"), "a\\*\\[b\\]:{user:*}*");
});
