import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { samplePlan } from "../testing/baselines.ts";
import { sampleLoad, sampleScenarios } from "../testing/samples.ts";
import { baselinePath } from "./baseline.ts";
import { describeRow, type Purpose, RepeatedRun } from "./repeated-run.ts";

const stack = `test-${process.pid}`;
const plan = samplePlan();
// The speed of a busy machine changes by more than any difference in these tests.
const sameSpeed = async () => ({ speed: 1000 });
const prepare = (purpose: Purpose, more: object = {}) => {
  const identity = { stack, apiImage: "image:1", plan: { ...plan, ...more } };
  return RepeatedRun.prepare(purpose, 6, identity, undefined, sameSpeed);
};

/** Six turns of one scenario with small differences, slower by `factor`. */
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

test("RepeatedRun saves a baseline, and a run that is half as fast is worse in every metric", async (t) => {
  t.after(() => rm(baselinePath(stack), { force: true }));
  assert.deepEqual(await (await run("save")).end(), { savedTo: baselinePath(stack) });
  const { comparison: same } = await (await run("compare")).end();
  assert.equal(same?.before.apiImage, "image:1");
  assert.deepEqual([...new Set(same?.rows.map(({ verdict }) => verdict))], ["same"]);
  const { comparison: worse } = await (await run("compare", 2)).end();
  assert.deepEqual(
    worse?.rows.map(({ metric, verdict }) => `${metric} ${verdict}`),
    ["throughput worse", "p50 worse", "p95 worse", "p99 worse"],
  );
  await assert.rejects(prepare("compare", { connections: 9 }), (error: Error) => {
    assert.ok(error instanceof UserError && error.exitCode === 2);
    return /connections was 8, is 9/.test(error.message);
  });
});

test("RepeatedRun.prepare refuses a comparison when there is no baseline", async () => {
  await assert.rejects(prepare("compare"), (error: Error) => {
    assert.ok(error instanceof UserError && error.exitCode === 2);
    return /save one first/.test(error.message);
  });
});

test("RepeatedRun.end saves no baseline when a turn had no response", async () => {
  const repeated = await run("save");
  repeated.add(sampleLoad({ latency: { ...sampleLoad().latency, p50Ms: Number.NaN } }));
  await assert.rejects(repeated.end(), UserError);
});

test("RepeatedRun.turns has each scenario once per round", async () => {
  const repeated = await prepare("save");
  const names = repeated.turns(sampleScenarios().slice(0, 3)).map(({ scenario }) => scenario.name);
  assert.equal(names.length, 18);
  for (const name of ["light", "cached-read", "write-mix"])
    assert.equal(names.filter((each) => each === name).length, 6);
});

test("RepeatedRun.turns repeats a single scenario", async () => {
  const repeated = await prepare("save");
  assert.equal(repeated.turns(sampleScenarios().slice(0, 1)).length, 6);
});

test("describeRow makes one sentence of a row", () => {
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

test("RepeatedRun keeps the baseline of another address apart from the stack's own", async (t) => {
  const against = "http://127.0.0.1:9/api v2";
  const path = baselinePath(stack, against);
  t.after(() => rm(path, { force: true }));
  const identity = { stack, apiImage: "unknown", plan: samplePlan({ endpoint: against, pools: [] }) };
  const saving = await RepeatedRun.prepare("save", 6, identity, against, sameSpeed);
  await saving.beforeTurn();
  saving.add(sampleLoad());
  assert.deepEqual(await saving.end(), { savedTo: path });
  await assert.rejects(prepare("compare"), /there is no baseline/);
  await RepeatedRun.prepare("compare", 6, identity, against);
});
