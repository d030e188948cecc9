import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatBytes,
  formatMilliseconds,
  MiB,
  parseBytes,
  parseMillicpu,
  parseMilliseconds,
} from "./units.ts";

test("reads memory with its unit", () => {
  assert.equal(parseBytes("192 MiB"), 192 * MiB);
  assert.equal(parseBytes("1.5GiB"), 1536 * MiB);
  assert.equal(parseBytes("512Mi"), 512 * MiB);
});

test("refuses memory without unit, in units of ten, negative, or with leftovers", () => {
  for (const wrong of [
    "192",
    192,
    "192 MB",
    "192MiB please",
    "-1 MiB",
    "1 mib",
    "MiB",
    "0.3 B",
    "",
    null,
    {},
  ]) {
    assert.equal(parseBytes(wrong), undefined, String(wrong));
  }
});

test("reads times and CPU", () => {
  assert.equal(parseMilliseconds("30 s"), 30_000);
  assert.equal(parseMilliseconds("1.5min"), 90_000);
  assert.equal(parseMillicpu("250m"), 250);
  assert.equal(parseMillicpu("0.5"), 500);
  assert.equal(parseMillicpu(2), 2000);
});

test("refuses times and CPU that could be meant otherwise", () => {
  for (const wrong of ["30", 30, "30 sec", "1m", "-1 s"]) assert.equal(parseMilliseconds(wrong), undefined);
  for (const wrong of ["250 m", "-1", "0.0001", "two", "1e3", true, null]) {
    assert.equal(parseMillicpu(wrong), undefined, String(wrong));
  }
});

test("what is formatted is read back as the same amount", () => {
  fc.assert(fc.property(fc.nat(2 ** 50), (bytes) => parseBytes(formatBytes(bytes)) === bytes));
  fc.assert(fc.property(fc.nat(1e9), (time) => parseMilliseconds(formatMilliseconds(time)) === time));
});
