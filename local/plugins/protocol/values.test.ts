import assert from "node:assert/strict";
import { test } from "node:test";
import {
  containsUnknown,
  decodeProperties,
  encodeProperties,
  formatPath,
  unknown,
  valueAt,
} from "./values.ts";

const signature = "4dabf18193072939515e22adb298388d";
const secret = (value: string) => ({ [signature]: "1b47061264138c4ac30d75fd1eb44270", value });

test("unwraps secrets, keeps their paths and wraps them again", () => {
  const raw = { data: { password: secret("hunter2"), user: "a" }, list: [secret("x")] };
  const decoded = decodeProperties(raw);
  assert.deepEqual(decoded.values, { data: { password: "hunter2", user: "a" }, list: ["x"] });
  assert.deepEqual(decoded.secretPaths, [
    ["data", "password"],
    ["list", 0],
  ]);
  assert.deepEqual(encodeProperties(decoded), raw);
});

test("sends a secret inside a secret once", () => {
  const sent = encodeProperties({ values: { data: { a: "1" } }, secretPaths: [["data"], ["data", "a"]] });
  assert.deepEqual(sent, { data: { [signature]: "1b47061264138c4ac30d75fd1eb44270", value: { a: "1" } } });
});

test("unifies the sentinels of unknown numbers and booleans", () => {
  const { values } = decodeProperties({ replicas: "3eeb2bf0-c639-47a8-9e75-3b44932eb421" });
  assert.equal(values.replicas, unknown);
  assert.equal(containsUnknown({ spec: [{ replicas: unknown }] }), true);
  assert.equal(containsUnknown({ spec: [{ replicas: 3 }] }), false);
});

test("reads an output value without a value as unknown, and its secret mark", () => {
  const output = { [signature]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", secret: true };
  const decoded = decodeProperties({ a: output });
  assert.equal(decoded.values.a, unknown);
  assert.deepEqual(decoded.secretPaths, [["a"]]);
});

test("writes paths so that dots inside keys stay apart", () => {
  assert.equal(formatPath(["data", "app.conf"]), 'data["app.conf"]');
  assert.equal(formatPath(["spec", "ports", 0, "port"]), "spec.ports[0].port");
});

test("finds nothing below a missing key or an inherited one", () => {
  assert.equal(valueAt({ a: [1] }, ["a", 0]), 1);
  assert.equal(valueAt({ a: 1 }, ["a", "b"]), undefined);
  assert.equal(valueAt({}, ["toString"]), undefined);
});
