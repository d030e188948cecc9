import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { capacityOf } from "../law/law.ts";
import { resultsOf } from "../search/campaign.ts";
import type { MeasuredStep } from "../search/step.ts";
import { sampleMetrics } from "../testing/sample-steps.ts";
import { samplePlan } from "../testing/simulated-stack.ts";
import { type CampaignEffects, runCampaign, secondsLeft } from "./campaign-run.ts";

const law = { lambda: 100, sigma: 0.1, kappa: 0 };
const plan = samplePlan({ pods: [1, 2], rounds: 2 });

/** Effects on a stack with a capacity by the law, at a clock of its own. */
function fakeEffects(more: Partial<CampaignEffects> = {}) {
  const log = { scaled: [] as number[], saved: 0, left: [] as number[], measured: 0 };
  let now = 0;
  const effects: CampaignEffects = {
    async scaleTo(pods) {
      log.scaled.push(pods);
      now += 40_000;
    },
    async measure({ pods, round, rate }): Promise<MeasuredStep> {
      log.measured += 1;
      now += 20_000;
      const verdict = rate === null || rate <= capacityOf(law, pods) ? "pass" : "fail";
      const base = { reason: "", p99Ms: 1, startedMs: now, tookSeconds: 20, metrics: sampleMetrics() };
      return { pods, round, rate, verdict, achieved: rate ?? 120, ...base };
    },
    async save(steps) {
      log.saved = steps.length;
    },
    report: (_, leftSeconds) => void log.left.push(leftSeconds),
    now: () => now,
    ...more,
  };
  return { effects, log };
}

test("runCampaign measures all searches, changes the pods only between searches, and saves each step", async () => {
  const { effects, log } = fakeEffects();
  const steps = await runCampaign(plan, [], 12, effects);
  assert.deepEqual(log.scaled, [1, 2, 1]);
  assert.equal(log.saved, steps.length);
  const results = resultsOf(plan, steps);
  assert.equal(results.length, 4);
  for (const { pods, rate } of results)
    assert.ok(Math.abs(rate / capacityOf(law, pods) - 1) < 0.05, String(rate));
  assert.equal(log.left.at(-1), 0);
});

test("runCampaign goes on from the steps of an earlier run", async () => {
  const first = fakeEffects();
  const all = await runCampaign(plan, [], 12, first.effects);
  const second = fakeEffects();
  const resumed = await runCampaign(plan, all.slice(0, 12), 12, second.effects);
  assert.equal(second.log.measured, all.length - 12);
  assert.deepEqual(
    resumed.map(({ rate, verdict }) => [rate, verdict]),
    all.map(({ rate, verdict }) => [rate, verdict]),
  );
  assert.deepEqual((await runCampaign(plan, all, 12, fakeEffects().effects)).length, all.length);
});

test("runCampaign repeats a step that could not begin, and ends after three in a row", async () => {
  let failures = 0;
  const { effects } = fakeEffects();
  const { measure } = effects;
  const broken = (from: number, to: number) =>
    fakeEffects({
      measure: (step) => {
        failures += 1;
        if (failures > from && failures <= to) return Promise.reject(new UserError("not ready", "wait"));
        return measure(step);
      },
    });
  const steps = await runCampaign(plan, [], 12, broken(3, 5).effects);
  assert.deepEqual(
    steps.filter(({ verdict }) => verdict === "invalid").map(({ reason }) => reason),
    ["not ready", "not ready"],
  );
  failures = 0;
  const down = broken(3, 1000);
  await assert.rejects(runCampaign(plan, [], 12, down.effects), /not ready/);
  assert.equal(down.log.saved, 5);
});

test("runCampaign ends at once when it is interrupted", async () => {
  const interrupted = new UserError("interrupted", "go on", { exitCode: 130 });
  const { effects, log } = fakeEffects({ measure: () => Promise.reject(interrupted) });
  await assert.rejects(runCampaign(plan, [], 12, effects), /interrupted/);
  assert.equal(log.saved, 0);
});

test("secondsLeft estimates from usual times before the first step, and then from measured ones", () => {
  assert.equal(secondsLeft(plan, [], 12), (2 * 8 + 2 * 5) * 20 + 4 * 30);
});
