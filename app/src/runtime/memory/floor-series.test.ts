import assert from "node:assert/strict";
import { test } from "node:test";
import { FloorSeries } from "./floor-series.ts";

test("FloorSeries covers the whole life evenly in bounded memory", () => {
  const series = new FloorSeries(16, 8);
  for (let second = 0; second <= 86_400; second += 5) series.add({ second, bytes: second });
  const seconds = series.floors.map((floor) => floor.second);
  assert.ok(seconds.length > 8 && seconds.length <= 16, `${seconds.length}`);
  assert.equal(seconds[0], 0);
  assert.ok((seconds.at(-1) ?? 0) > 75_000);
  const gaps = seconds.slice(1).map((second, index) => second - (seconds[index] ?? 0));
  assert.ok(Math.max(...gaps) < 1.3 * Math.min(...gaps), gaps.join());
});
