import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseMs } from "./controller.ts";

test("a settled cluster is observed less often when that takes much CPU time, but at least every five seconds", () => {
  assert.deepEqual(
    [4, 60, 300].map((cpuMs) => pauseMs("settled", cpuMs)),
    [1000, 3000, 5000],
  );
  assert.equal(pauseMs("working", 300), 50);
});
