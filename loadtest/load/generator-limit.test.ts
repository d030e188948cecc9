import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoadResult } from "../report/schema/scenario.ts";
import { sampleLoad } from "../testing/samples.ts";
import { generatorLimit } from "./generator-limit.ts";

const { generator, latency } = sampleLoad();
const atRate = (more: Partial<LoadResult>) =>
  generatorLimit(sampleLoad({ model: "fixed rate", offeredPerSecond: 1000, durationSeconds: 10, ...more }));

test("generatorLimit is undefined when the generator has time left", () => {
  assert.equal(generatorLimit(sampleLoad()), undefined);
  assert.equal(atRate({ generator: { ...generator, backlog: 40, lateP99Ms: 1 } }), undefined);
});

test("generatorLimit is undefined when the stack is slower than the rate", () => {
  assert.equal(atRate({ generator: { ...generator, backlog: 4000 }, notSent: 3000 }), undefined);
});

const limits: [string, string | undefined, RegExp][] = [
  [
    "a thread without time",
    generatorLimit(sampleLoad({ generator: { ...generator, utilization: 0.99 } })),
    /99 % busy; raise --threads/,
  ],
  [
    "requests sent late",
    atRate({ generator: { ...generator, lateP99Ms: 6 } }),
    /it sent requests 6\.0 ms late \(p99\), of a measured p99 of 9\.0 ms/,
  ],
  [
    "an event loop that lags",
    generatorLimit(sampleLoad({ generator: { ...generator, lagP99Ms: 30 } })),
    /event loop came 30\.0 ms late/,
  ],
];
for (const [what, reason, message] of limits) {
  test(`generatorLimit gives the reason for ${what}`, () => assert.match(reason ?? "", message));
}

test("generatorLimit is undefined when the lag is small compared with the latency", () => {
  const slow = { ...latency, p99Ms: 400 };
  assert.equal(
    generatorLimit(sampleLoad({ latency: slow, generator: { ...generator, lagP99Ms: 30 } })),
    undefined,
  );
});

test("generatorLimit names the turn", () => {
  const load = {
    ...sampleLoad({ generator: { ...generator, utilization: 0.99 } }),
    turn: { number: 2, total: 6 },
  };
  assert.match(generatorLimit(load) ?? "", /the limit in turn 2 of 6 of light: /);
});
