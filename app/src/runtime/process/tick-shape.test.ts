import assert from "node:assert/strict";
import { test } from "node:test";
import { keepTickShape } from "./tick-shape.ts";

test("keepTickShape keeps an object of process.nextTick", async () => {
  const kept = await keepTickShape();
  assert.ok("callback" in kept && "args" in kept, Object.keys(kept).join());
});
