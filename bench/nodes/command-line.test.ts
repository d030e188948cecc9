import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { parseNodesCommand } from "./command-line.ts";

test("parseNodesCommand has 100 nodes and 1,000 pods by default", () => {
  assert.deepEqual(parseNodesCommand([]), { nodes: 100, pods: 1000, json: undefined, help: false });
});

test("parseNodesCommand reads nodes, pods and the file of the results", () => {
  const args = ["--nodes=2", "--pods", "220", "--json", "a.json"];
  assert.deepEqual(parseNodesCommand(args), { nodes: 2, pods: 220, json: "a.json", help: false });
});

for (const args of [
  ["--nodes", "0"],
  ["--nodes", "201"],
  ["--nodes", "1.5"],
  ["--nodes", "1e2"],
  ["--nodes", ""],
  ["--pods", "0"],
  ["--nodes", "2", "--pods", "221"],
  ["extra"],
])
  test(`parseNodesCommand refuses ${args.join(" ")}`, () => {
    assert.throws(
      () => parseNodesCommand(args),
      (error) => error instanceof UserError && error.exitCode === 2,
    );
  });
