import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeRouteStats, RouteStats } from "./route-stats.ts";

const minute = 60_000;
const start = 30_000_000 * minute;

test("RouteStats counts requests by minute for one hour, the newest last", () => {
  const stats = new RouteStats("GET", "/light");
  stats.count(200, 0.001, start);
  stats.count(200, 0.001, start + minute - 1);
  stats.count(200, 0.001, start + 2 * minute);
  assert.deepEqual(stats.toData(start + 2 * minute).perMinute.slice(-4), [0, 2, 0, 1]);
  assert.deepEqual(stats.toData(start + 5 * minute).perMinute.slice(-6), [2, 0, 1, 0, 0, 0]);
  const later = stats.toData(start + 61 * minute);
  assert.equal(later.perMinute.length, 60);
  assert.deepEqual(later.perMinute.filter(Boolean), [1]);
  assert.deepEqual(stats.toData(start + 500 * minute).perMinute.filter(Boolean), []);
});

test("RouteStats loses no request when the clock is set back", () => {
  const stats = new RouteStats("GET", "/light");
  stats.count(200, 0.001, start);
  stats.count(200, 0.001, start - 10 * minute);
  assert.equal(stats.toData(start).perMinute.at(-1), 2);
});

test("mergeRouteStats sums several processes by route, aligning their minutes", () => {
  const one = new RouteStats("GET", "/light");
  const two = new RouteStats("GET", "/light");
  const other = new RouteStats("PUT", "/light");
  one.count(200, 0.5, start);
  two.count(200, 0.25, start + minute);
  two.count(503, 0.25, start + minute);
  other.count(200, 1, start);
  const merged = mergeRouteStats([one.toData(start), two.toData(start + minute), other.toData(start)]);
  assert.deepEqual(
    merged.map(({ method, byStatus, secondsTotal }) => ({ method, byStatus, secondsTotal })),
    [
      {
        method: "GET",
        byStatus: [
          [200, 2],
          [503, 1],
        ],
        secondsTotal: 1,
      },
      { method: "PUT", byStatus: [[200, 1]], secondsTotal: 1 },
    ],
  );
  assert.deepEqual(merged[0]?.perMinute.slice(-3), [0, 1, 2]);
});
