import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { loadOf } from "../config/own-load.ts";
import { validate } from "../config/validate.ts";
import { readContext } from "../host/build-context.ts";
import { writeNewApi } from "./new-api.ts";

function checkout(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "new-api-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "kit"));
  return folder;
}

test("a new API passes its own tests, and its stack file is accepted", (t) => {
  const folder = checkout(t);
  writeNewApi("shop", join(folder, "shop"), join(folder, "kit"));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  execFileSync(process.execPath, ["--test"], { cwd: join(folder, "shop"), env });
  const { config } = parse(readFileSync(join(folder, "kit/Pulumi.shop.yaml"), "utf8"));
  const stack = validate({ api: config["breakwater:api"], loadtest: config["breakwater:loadtest"] });
  assert.equal(stack.api.source.context, "../shop");
  assert.deepEqual(Object.keys(loadOf(stack).scenarios), ["mixed"]);
  assert.equal(JSON.parse(readFileSync(join(folder, "shop/package.json"), "utf8")).name, "shop");
});

test("the image of a new API has every program file that is added, and no test", async (t) => {
  const folder = join(checkout(t), "shop");
  writeNewApi("shop", folder, join(folder, "../kit"));
  writeFileSync(join(folder, "prices.mjs"), "");
  const { entries } = await readContext(folder, join(folder, "Dockerfile"));
  const names = entries.map(({ name }) => name);
  for (const name of ["prices.mjs", "routes.mjs", "server.mjs"]) assert.ok(names.includes(name), name);
  assert.ok(!names.includes("routes.test.mjs"));
});

test("nothing that exists is overwritten, and wrong names are refused", (t) => {
  const folder = checkout(t);
  const write =
    (name: string, to = name) =>
    () =>
      writeNewApi(name, join(folder, to), join(folder, "kit"));
  write("shop")();
  assert.throws(write("shop"), /shop exists, and nothing is overwritten/);
  assert.throws(write("shop", "other"), /Pulumi\.shop\.yaml exists/);
  for (const name of ["Shop", "1shop", "a/b", "", "-x"])
    assert.throws(write(name), /must be lower-case letters/);
});
