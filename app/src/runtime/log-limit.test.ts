import assert from "node:assert/strict";
import { test } from "node:test";
import { LogLimit } from "./log-limit.ts";

test("LogLimit logs a few lines of a kind in an interval, and reports later how many it suppressed", () => {
  let now = 0;
  const limit = new LogLimit(1000, () => now);
  const lines: unknown[] = [];
  const run = (kind: string) => limit.run(kind, 2, (facts) => lines.push({ kind, ...facts }));
  for (let failure = 0; failure < 100; failure++) run("a");
  run("b");
  assert.deepEqual(lines.splice(0), [{ kind: "a" }, { kind: "a" }, { kind: "b" }]);
  now = 1000;
  run("a");
  assert.deepEqual(lines, [{ kind: "a", suppressed: 98 }]);
});
