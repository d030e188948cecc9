import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { loadConfig } from "./load.ts";
import { sections } from "./stack-config.ts";

const folder = mkdtempSync(join(tmpdir(), "breakwater-"));
after(() => rmSync(folder, { recursive: true }));

/** Runs loadConfig as a program of the stack `test`: `engine` is what Pulumi passes, `file` the stack's file. */
function load(engine: Record<string, string>, file?: string) {
  pulumi.runtime.setMocks(
    { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
    "breakwater",
    "test",
    false,
  );
  pulumi.runtime.setAllConfig(engine);
  const stackFile = join(folder, "Pulumi.test.yaml");
  rmSync(stackFile, { force: true });
  if (file !== undefined) writeFileSync(stackFile, file);
  return loadConfig(folder);
}

test("loadConfig reads objects as JSON and leaves other values as texts", () => {
  const { api, loadtest } = load({ "breakwater:api": '{"replicas":5}', "other:api": "7" });
  assert.equal(api.replicas, 5);
  assert.equal(loadtest.connections, sections.loadtest.children[".connections"]?.defaults.embedded);
});

test("loadConfig refuses a number that the stack's file spells in another way than the engine", () => {
  const file =
    'config:\n  breakwater:api:\n    replicas: 0\n    env:\n      PHONE: +49301234\n      ZIP: "01234"\n';
  const engine = { "breakwater:api": '{"replicas":-1,"env":{"PHONE":49301234,"ZIP":"01234"}}' };
  assert.throws(
    () => load(engine, file),
    (error: Error) => {
      assert.ok(error instanceof pulumi.RunError);
      assert.match(error.message, /has 2 problems/);
      assert.match(error.message, /api\.env\.PHONE: must be in quotes/);
      assert.match(error.message, /api\.replicas: -1 must be a whole number/);
      assert.doesNotMatch(error.message, /49301234/);
      return true;
    },
  );
});

test("loadConfig refuses a number of the engine that JavaScript cannot hold exactly", () => {
  assert.throws(
    () => load({ "breakwater:api": '{"env":{"ID":1234567890123456789,"ANSWER":42,"ON":true}}' }),
    /has 1 problem:\n {2}api\.env\.ID: must be in quotes/,
  );
  assert.equal(load({ "breakwater:api": '{"env":{"ANSWER":42}}' }).api.env.ANSWER, "42");
});

test("loadConfig refuses an encrypted build argument without showing it", () => {
  const engine = { "breakwater:api": '{"source":{"context":"../shop","args":{"TOKEN":"hush"}}}' };
  const file =
    "config:\n  breakwater:api: { source: { context: ../shop, args: { TOKEN: { secure: v1:x } } } }";
  assert.throws(
    () => load(engine, file),
    (error: Error) => {
      assert.match(error.message, /api\.source\.args\.TOKEN: must not be encrypted/);
      assert.doesNotMatch(error.message, /hush|v1:x/);
      return true;
    },
  );
});

test("loadConfig refuses a section under another project's name, which would be ignored", () => {
  assert.throws(
    () => load({ "shop:api": '{"replicas":5}', "breakwater:nginx": "{}" }),
    /has 1 problem:\n {2}shop:api: belongs to the project "shop", and this is "breakwater"; rename the key to breakwater:api/,
  );
});

for (const [name, value] of [
  ["kubernetes:cluster", "c"],
  ["shop:other", "{}"],
  ["aws:registry", "r"],
] as const)
  test(`loadConfig ignores ${name}, which is no section of a stack`, () => {
    assert.equal(load({ [name]: value }).api.replicas, sections.api.children[".replicas"]?.defaults.embedded);
  });
