import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRoom } from "./snapshot-guard.ts";

const MiB = 1024 ** 2;
const roomy = {
  limitBytes: 512 * MiB,
  usedBytes: 100 * MiB,
  heapUsedBytes: 20 * MiB,
  reusableBytes: 0,
  diskFreeBytes: 1024 * MiB,
};

test("checkRoom allows a snapshot when memory and disk have room, and estimates its needs", () => {
  assert.deepEqual(checkRoom(roomy), {
    memoryNeededBytes: (16 * 6 + 4 * 10) * MiB,
    diskNeededBytes: 40 * MiB,
  });
});

test("checkRoom refuses a snapshot when it would exceed nine tenths of the memory limit", () => {
  const edge = { ...roomy, limitBytes: 300 * MiB, usedBytes: 134 * MiB };
  assert.equal(checkRoom(edge).refusal, undefined);
  assert.match(
    checkRoom({ ...edge, usedBytes: 135 * MiB }).refusal ?? "",
    /^no room in memory: .* 20 MiB of heap may take 136 MiB, and with 135 MiB in use .* limit of 300 MiB$/,
  );
});

test("checkRoom counts half of the reusable memory as free", () => {
  assert.equal(checkRoom({ ...roomy, reusableBytes: 60 * MiB }).memoryNeededBytes, 106 * MiB);
  assert.equal(checkRoom({ ...roomy, reusableBytes: 600 * MiB }).memoryNeededBytes, 0);
});

test("checkRoom refuses a snapshot when the disk has no room", () => {
  assert.match(
    checkRoom({ ...roomy, diskFreeBytes: 39 * MiB }).refusal ?? "",
    /^no room on disk: .* 39 MiB are free$/,
  );
});
