import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGatewaysCommand } from "./command-line.ts";

test("parseGatewaysCommand reads lists", () => {
  const command = parseGatewaysCommand([
    "--connections",
    "1,512",
    "--routes",
    "upload",
    "--arms",
    "haproxy,kit",
    "--peers",
    "10,1000",
  ]);
  assert.deepEqual(
    [command.connections, command.routes, command.arms, command.peers],
    [[1, 512], ["upload"], ["haproxy", "kit"], [10, 1000]],
  );
  assert.deepEqual(parseGatewaysCommand([]).peers, []);
});

for (const [args, message] of [
  [["--rounds", "7"], /--rounds 7: must be an even number from 6/],
  [["--rounds", "4"], /--rounds 4: must be an even number from 6/],
  [["--connections", "16,0"], /--connections 0: must be a whole number from 1 to 2000/],
  [["--routes", "light,other"], /--routes light,other: "other" must be one of light, read, list, upload/],
  [["--peers", "10,x"], /--peers x: must be a whole number from 1 to 10000/],
  [["--arms", ""], /--arms : "" must be one of kit/],
] as const)
  test(`parseGatewaysCommand refuses ${args.join(" ")}`, () => {
    assert.throws(() => parseGatewaysCommand(args), message);
  });
