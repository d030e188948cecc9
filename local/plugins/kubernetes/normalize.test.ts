import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuantity } from "./normalize.ts";

test("reads Kubernetes quantities", () => {
  const sizes = ["250m", "1", "1.5", "128Mi", "1Gi", "1G", "1e3", "12E", "100u"].map(parseQuantity);
  assert.deepEqual(sizes, [0.25, 1, 1.5, 134_217_728, 1_073_741_824, 1e9, 1000, 12e18, 0.0001]);
});

test("refuses what is no quantity", () => {
  assert.deepEqual(["", "abc", "1Mb", "1 Gi", "Mi"].map(parseQuantity), Array(5).fill(undefined));
});
