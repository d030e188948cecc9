import assert from "node:assert/strict";
import { test } from "node:test";
import { unknown } from "../protocol/values.ts";
import { autonamed, formatId, hexSuffix, metadataOf, objectName, parseId, withoutNulls } from "./manifest.ts";

const seed = new Uint8Array([1, 2, 3]);

test("names an unnamed object and says so", () => {
  const named = autonamed({ metadata: { labels: { a: "b" } } }, {}, "web-1234");
  assert.deepEqual(named.metadata, {
    labels: { a: "b" },
    name: "web-1234",
    annotations: { "pulumi.com/autonamed": "true" },
  });
});

test("keeps the name that an autonamed predecessor has, but not one that the program gave", () => {
  const annotations = { "pulumi.com/autonamed": "true" };
  const old = { metadata: { name: "web-old", annotations } };
  assert.equal(metadataOf(autonamed({ metadata: {} }, old, "web-new")).name, "web-old");
  assert.equal(
    metadataOf(autonamed({ metadata: {} }, { metadata: { name: "given" } }, "web-new")).name,
    "web-new",
  );
});

test("leaves a given, an unknown and a wholly unknown name alone", () => {
  for (const metadata of [{ name: "given" }, { name: unknown }, unknown]) {
    assert.deepEqual(autonamed({ metadata }, {}, "made-up"), { metadata });
  }
});

test("makes the same suffix from the same seed, and names that DNS takes", () => {
  assert.equal(hexSuffix(seed, "name"), hexSuffix(seed, "name"));
  assert.notEqual(hexSuffix(seed, "name"), hexSuffix(seed, "other"));
  assert.match(hexSuffix(new Uint8Array(), "name"), /^[0-9a-f]{8}$/);
  assert.equal(objectName("x".repeat(80), "12345678").length, 63);
});

test("writes and reads IDs", () => {
  assert.equal(formatId({ metadata: { name: "web", namespace: "shop" } }), "shop/web");
  assert.equal(formatId({ metadata: { name: "shop" } }), "shop");
  assert.deepEqual(parseId("shop/web"), { namespace: "shop", name: "web" });
  assert.deepEqual(parseId("shop"), { name: "shop" });
});

test("drops nulls at any depth and keeps falsy values", () => {
  const value = { a: null, b: [{ c: null, d: 0 }], e: false, f: "" };
  assert.deepEqual(withoutNulls(value), { b: [{ d: 0 }], e: false, f: "" });
});
