import assert from "node:assert/strict";
import { test } from "node:test";
import { containsUnknown, decodeProperties, encodeProperties, formatPath, unknown } from "./values.ts";

const signature = "4dabf18193072939515e22adb298388d";
const secret = (value: string) => ({ [signature]: "1b47061264138c4ac30d75fd1eb44270", value });

test("decodeProperties and encodeProperties keep the paths of secrets", () => {
  const raw = { data: { password: secret("hunter2"), user: "a" }, list: [secret("x")] };
  const decoded = decodeProperties(raw);
  assert.deepEqual(decoded.values, { data: { password: "hunter2", user: "a" }, list: ["x"] });
  assert.deepEqual(decoded.secretPaths, [
    ["data", "password"],
    ["list", 0],
  ]);
  assert.deepEqual(encodeProperties(decoded), raw);
});

test("encodeProperties sends a secret inside a secret once", () => {
  const sent = encodeProperties({ values: { data: { a: "1" } }, secretPaths: [["data"], ["data", "a"]] });
  assert.deepEqual(sent, { data: { [signature]: "1b47061264138c4ac30d75fd1eb44270", value: { a: "1" } } });
});

test("decodeProperties reads all sentinels of unknown values as one", () => {
  const { values } = decodeProperties({ replicas: "3eeb2bf0-c639-47a8-9e75-3b44932eb421" });
  assert.equal(values.replicas, unknown);
  assert.equal(containsUnknown({ spec: [{ replicas: unknown }] }), true);
  assert.equal(containsUnknown({ spec: [{ replicas: 3 }] }), false);
});

test("decodeProperties reads an output value without a value as unknown, and its secret mark", () => {
  const output = { [signature]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", secret: true };
  const decoded = decodeProperties({ a: output });
  assert.equal(decoded.values.a, unknown);
  assert.deepEqual(decoded.secretPaths, [["a"]]);
});

test("formatPath distinguishes dots inside of keys", () => {
  assert.equal(formatPath(["data", "app.conf"]), 'data["app.conf"]');
  assert.equal(formatPath(["spec", "ports", 0, "port"]), "spec.ports[0].port");
});
