import assert from "node:assert/strict";
import { test } from "node:test";
import { encryptedArgs } from "./encrypted-args.ts";

const pathsIn = (api: string) =>
  encryptedArgs(`config:\n  breakwater:api: ${api}`, "breakwater").map(({ path }) => path);

test("encryptedArgs finds build arguments that are encrypted, and shows none of their values", () => {
  const file =
    'config:\n  breakwater:api: { source: { args: { A: "1", TOKEN: { secure: v1:x }, B: { secure: v1:y } } } }';
  const problems = encryptedArgs(file, "breakwater");
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["api.source.args.TOKEN", "api.source.args.B"],
  );
  assert.ok(!JSON.stringify(problems).includes("v1:"));
  assert.match(problems[0]?.fix ?? "", /api\.env.*docker buildx build --secret.*api\.source\.image/);
});

test("encryptedArgs finds nothing in other secrets, in plain arguments, and in files without any", () => {
  assert.deepEqual(pathsIn("{ source: { args: { A: 1 } }, env: { A: { secure: v1:x } } }"), []);
  assert.deepEqual(pathsIn("{ source: { args: { secure: plain, A: 1 } } }"), []);
  assert.deepEqual(pathsIn("{ source: { args: { secure: v1:x } } }"), ["api.source.args"]);
  for (const file of ["", "config:", "config: { other:api: { source: { args: { A: { secure: v1:x } } } } }"])
    assert.deepEqual(encryptedArgs(file, "breakwater"), []);
});
