import assert from "node:assert/strict";
import { test } from "node:test";
import { olderThanWeek } from "./image-age.ts";

const day = 24 * 3600 * 1000;
const now = 1_000 * day;

test("olderThanWeek names the images that are older than a week, and the age of the oldest", () => {
  const times = [
    ["pause", now - 7 * day],
    ["node", now - 7.1 * day],
    ["nginx", now - 30.5 * day],
    ["redis", now - day],
  ] as const;
  assert.deepEqual(olderThanWeek(times, now), { names: ["node", "nginx"], days: 30 });
});

test("olderThanWeek returns nothing for images that are new, missing or from the future", () => {
  const times = [
    ["node", now],
    ["nginx", undefined],
    ["redis", now + 30 * day],
  ] as const;
  assert.equal(olderThanWeek(times, now), undefined);
});
