import assert from "node:assert/strict";
import { test } from "node:test";
import { heapLimit } from "./heap-limit.ts";

const MiB = 1024 ** 2;

test("heapLimit uses the last flag, and never exceeds V8's limit of the whole heap", () => {
  assert.equal(heapLimit(["--max-old-space-size=96"], 120 * MiB), 96 * MiB);
  assert.equal(heapLimit(["--max_old_space_size=96", "", "--max-old-space-size=64"], 120 * MiB), 64 * MiB);
  assert.equal(heapLimit(["--max-old-space-size=4096"], 120 * MiB), 120 * MiB);
  assert.equal(heapLimit(["--max-semi-space-size=8"], 120 * MiB), 120 * MiB);
});
