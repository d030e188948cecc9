import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { sampleLoad, sampleScenarios } from "../testing/samples.ts";
import { baselinePath } from "./baseline.ts";
import { describeRow, type Purpose, RepeatedRun } from "./repeated-run.ts";

const stack = `test-${process.pid}`;
const plan = { connections: 8, durationSeconds: 5, warmupSeconds: 1, users: 10 };
const prepare = (purpose: Purpose, more: object = {}) =>
  RepeatedRun.prepare(purpose, 6, { stack, apiImage: "image:1", plan: { ...plan, ...more } });

/** Six turns of one scenario, each a little different, `factor` times as slow. */
async function run(purpose: Purpose, factor = 1, turns = 6): Promise<RepeatedRun> {
  const repeated = await prepare(purpose);
  await repeated.beforeTurn();
  for (let turn = 0; turn < turns; turn++) {
    const slow = factor * (1 + 0.01 * Math.sin(turn));
    const { latency } = sampleLoad();
    repeated.add(
      sampleLoad({
        requestsPerSecond: 1000 / slow,
        latency: { ...latency, p50Ms: 2 * slow, p95Ms: 4 * slow, p99Ms: 9 * slow },
      }),
    );
  }
  return repeated;
}

test("saves and compares: the same is the same, half as fast is worse in every figure", async (t) => {
  t.after(() => rm(baselinePath(stack), { force: true }));
  assert.equal(await (await run("save")).end(), undefined);
  const same = await (await run("compare")).end();
  // Two calibrations a second apart, which on a busy machine may differ by more than the band.
  assert.deepEqual([same?.before.apiImage, same?.rows.length], ["image:1", 4]);
  const worse = await (await run("compare", 2)).end();
  assert.deepEqual(
    worse?.rows.map(({ metric, verdict }) => `${metric} ${verdict}`),
    ["throughput worse", "p50 worse", "p95 worse", "p99 worse"],
  );
  await assert.rejects(prepare("compare", { connections: 9 }), (error: Error) => {
    assert.ok(error instanceof UserError && error.exitCode === 2);
    return /connections was 8, is 9/.test(error.message);
  });
});

test("without a baseline there is nothing to compare with, and that is told before the load", async () => {
  await assert.rejects(prepare("compare"), (error: Error) => {
    assert.ok(error instanceof UserError && error.exitCode === 2);
    return /save one first/.test(error.message);
  });
});

test("turns with no answer make no baseline", async () => {
  const repeated = await run("save");
  repeated.add(sampleLoad({ latency: { ...sampleLoad().latency, p50Ms: Number.NaN } }));
  await assert.rejects(repeated.end(), UserError);
});

test("every scenario has as many turns as rounds", async () => {
  const repeated = await prepare("save");
  const names = repeated.turns(sampleScenarios().slice(0, 3)).map(({ scenario }) => scenario.name);
  assert.equal(names.length, 18);
  for (const name of ["light", "cached-read", "write-mix"])
    assert.equal(names.filter((each) => each === name).length, 6);
});

test("a single scenario has its turns, too", async () => {
  const repeated = await prepare("save");
  assert.equal(repeated.turns(sampleScenarios().slice(0, 1)).length, 6);
});

test("a row reads as a sentence", () => {
  const row = {
    scenario: "light",
    metric: "p50",
    ratio: 1.12,
    low: 0.995,
    high: 1.2,
    outliers: 0,
    verdict: "same",
  } as const;
  assert.equal(describeRow(row), "p50 of light is same: +12.0 % (99 %: −0.5 % to +20.0 %)");
});
