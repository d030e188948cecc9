import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import autocannon from "autocannon";
import { buildTestApi } from "../../../testing/api.ts";
import { mergeStats } from "./stats.ts";

test("Metrics agree with a load generator within 1 %", async (t) => {
  const delayMs = 40;
  const { metrics, listen } = buildTestApi(t, {
    cpuPool: { run: async <_Input, Result>() => (await sleep(delayMs, 1)) as Result },
  });
  const url = `http://127.0.0.1:${await listen()}`;
  const amount = 1500;
  const {
    "2xx": succeeded,
    latency,
    non2xx,
  } = await autocannon({
    url: `${url}/heavy-task?n=1`,
    connections: 10,
    amount,
  });
  for (let n = 0; n < 30; n++) await (await fetch(`${url}/nowhere`)).text();

  const { requests, routes } = mergeStats([metrics.stats()]);
  const heavy = routes.find(({ route }) => route === "/heavy-task");
  assert.deepEqual([succeeded, non2xx], [amount, 0]);
  assert.deepEqual([heavy?.count, heavy?.errors, heavy?.clientErrors], [amount, 0, 0]);
  assert.deepEqual([requests.count, requests.clientErrors], [amount + 30, 30]);
  assert.equal(
    heavy?.perMinute.reduce((sum, count) => sum + count, 0),
    amount,
  );
  // The generator rounds to milliseconds, and its latencies include the network round trip.
  const near = (actual: number | null | undefined, expected: number) =>
    assert.ok(
      Math.abs((actual ?? 0) - expected) <= 0.01 * expected + 1,
      `${actual} ms, the generator measured ${expected} ms`,
    );
  near(heavy?.meanMs, latency.mean);
  near(heavy?.p50Ms, latency.p50);
});
