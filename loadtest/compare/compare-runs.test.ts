import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleBaseline, sampleRepeats } from "../testing/baselines.ts";
import type { Baseline, Repeat } from "./baseline.ts";
import { type ComparedMetric, compareRuns } from "./compare-runs.ts";

/** A run of scenario light whose values differ from the sample by these factors. */
const run = (factors: Partial<Repeat>, more: Partial<Baseline> = {}) =>
  sampleBaseline({ scenarios: [{ scenario: "light", repeats: sampleRepeats(factors) }], ...more });

function verdicts(then: Baseline, now: Baseline): Partial<Record<ComparedMetric, string>> {
  const comparison = compareRuns(then, now);
  assert.ok(comparison.compared, JSON.stringify(comparison));
  return Object.fromEntries(comparison.rows.map(({ metric, verdict }) => [metric, verdict]));
}

function refusal(now: Baseline): string[] {
  const comparison = compareRuns(sampleBaseline(), now);
  assert.ok(!comparison.compared, JSON.stringify(comparison));
  return comparison.reasons;
}

const all = (verdict: string) => ({ throughput: verdict, p50: verdict, p95: verdict, p99: verdict });
const slower = { throughput: 0.7, p50Ms: 1.4, p95Ms: 1.4, p99Ms: 1.4 };
const faster = { throughput: 1.4, p50Ms: 0.7, p95Ms: 0.7, p99Ms: 0.7 };

test("compareRuns finds a run the same as itself, a slower one worse and a faster one better in every metric", () => {
  assert.deepEqual(verdicts(run({}), run({})), all("same"));
  assert.deepEqual(verdicts(run({}), run(slower)), all("worse"));
  assert.deepEqual(verdicts(run({}), run(faster)), all("better"));
});

test("compareRuns returns the ratio of now to before within its interval", () => {
  const comparison = compareRuns(run({}), run({ p99Ms: 1.5 }));
  assert.ok(comparison.compared);
  const p99 = comparison.rows.find(({ metric }) => metric === "p99");
  assert.ok(p99);
  assert.ok(Math.abs(p99.ratio - 1.5) < 1e-9 && p99.low < 1.5 && p99.high > 1.5, JSON.stringify(p99));
  assert.deepEqual([p99.scenario, p99.verdict], ["light", "worse"]);
});

test("compareRuns compensates for a slower machine, but not for slower software", () => {
  const slowDay = { calibration: 0.8, throughput: 0.8, p50Ms: 1.25, p95Ms: 1.25, p99Ms: 1.25 };
  assert.deepEqual(verdicts(run({}), run(slowDay)), all("same"));
  assert.deepEqual(verdicts(run({}), run({ ...slowDay, throughput: 0.6 })), {
    ...all("same"),
    throughput: "worse",
  });
  // The same values on a slower machine mean better software.
  assert.deepEqual(verdicts(run({}), run({ calibration: 0.7 })), all("better"));
});

test("compareRuns calibrates each repeat by itself", () => {
  const jumping = sampleRepeats().map((repeat, at) => {
    const speed = at % 2 === 0 ? 1 : 0.6;
    const { p50Ms, p95Ms, p99Ms } = repeat;
    return {
      calibration: repeat.calibration * speed,
      throughput: repeat.throughput * speed,
      p50Ms: p50Ms / speed,
      p95Ms: p95Ms / speed,
      p99Ms: p99Ms / speed,
    };
  });
  const comparison = compareRuns(
    run({}),
    sampleBaseline({ scenarios: [{ scenario: "light", repeats: jumping }] }),
  );
  assert.ok(comparison.compared);
  for (const { ratio, low, high } of comparison.rows) {
    assert.ok(Math.abs(ratio - 1) < 1e-9 && high - low < 0.05, `${ratio} ${low} ${high}`);
  }
});

test("compareRuns does not calibrate the throughput at a fixed rate", () => {
  const plan = { ...sampleBaseline().plan, ratePerSecond: 1000 };
  const then = run({}, { plan });
  assert.equal(verdicts(then, run({ calibration: 0.7 }, { plan })).throughput, "same");
  assert.equal(verdicts(then, run({ throughput: 0.7 }, { plan })).throughput, "worse");
});

test("compareRuns ignores changes within the band of the metric", () => {
  const small = { throughput: 0.96, p50Ms: 1.04, p95Ms: 1.09, p99Ms: 1.14 };
  assert.deepEqual(verdicts(run({}), run(small)), all("same"));
  assert.deepEqual(
    verdicts(run({}), run({ throughput: 0.93, p50Ms: 1.07, p95Ms: 1.12, p99Ms: 1.17 })),
    all("worse"),
  );
});

test("compareRuns refuses another machine, stack or settings with every reason", () => {
  const { machine, plan } = sampleBaseline();
  assert.deepEqual(
    refusal(
      sampleBaseline({
        stack: "bench",
        machine: { ...machine, cpus: 4 },
        plan: { ...plan, connections: 16, durationSeconds: 5, ratePerSecond: 100 },
      }),
    ),
    [
      "stack was local, is bench",
      "number of CPUs was 2, is 4",
      "connections was 8, is 16",
      "duration was 10 s, is 5 s",
      "rate was as fast as answered, is 100 requests/s",
    ],
  );
  assert.deepEqual(refusal(sampleBaseline({ plan: { ...plan, warmupSeconds: 0, users: 1 } })), [
    "warm-up was 2 s, is 0 s",
    "users was 10, is 1",
  ]);
});

test("compareRuns refuses another endpoint, mix, count of threads, keep-alive and pools", () => {
  const { plan } = sampleBaseline();
  const changed = { endpoint: "http://127.0.0.1:9", threads: 2, keepAlive: false, pools: ["api", "canary"] };
  assert.deepEqual(refusal(sampleBaseline({ plan: { ...plan, ...changed } })), [
    "endpoint was http://127.0.0.1:30080, is http://127.0.0.1:9",
    "threads was 1, is 2",
    "keep-alive was on, is off",
    "pools of the API was api, is api, canary",
  ]);
  const withMix = (mix: string) =>
    sampleBaseline({ plan: { ...plan, ofScenarios: { light: { ...plan, mix } } } });
  const mixed = compareRuns(withMix("light 100 %"), withMix("write 100 %"));
  assert.deepEqual(!mixed.compared && mixed.reasons, ["of light, mix was light 100 %, is write 100 %"]);
});

test("compareRuns compares the settings of each scenario that both runs have", () => {
  const { plan } = sampleBaseline();
  const of = (light: object, more = {}) =>
    sampleBaseline({ plan: { ...plan, ofScenarios: { light: { ...plan, ...light }, ...more } } });
  const writes = { writes: { ...plan, connections: 99 } };
  const fixed = compareRuns(of({ ratePerSecond: 50 }), of({}, writes));
  assert.ok(!fixed.compared);
  assert.deepEqual(fixed.reasons, ["of light, rate was 50 requests/s, is as fast as answered"]);
  assert.ok(compareRuns(of({}, writes), of({})).compared);
});

test("compareRuns accepts another image", () => {
  assert.deepEqual(verdicts(run({}), run({}, { apiImage: "localhost:5000/breakwater/api:2" })), all("same"));
});

test("compareRuns refuses too few repeats, and runs without a common scenario", () => {
  assert.deepEqual(
    refusal(sampleBaseline({ scenarios: [{ scenario: "light", repeats: sampleRepeats({}, 5) }] })),
    ["this run has 5 repeats of light; 6 are the fewest to compare"],
  );
  assert.deepEqual(
    refusal(sampleBaseline({ scenarios: [{ scenario: "mixed", repeats: sampleRepeats() }] })),
    ["the two runs have no scenario in common"],
  );
});

test("compareRuns compares the common scenarios and names the others", () => {
  const repeats = sampleRepeats();
  const scenarios = (...names: string[]) => ({ scenarios: names.map((scenario) => ({ scenario, repeats })) });
  const comparison = compareRuns(
    sampleBaseline(scenarios("light", "mixed")),
    sampleBaseline(scenarios("heavy", "light")),
  );
  assert.ok(comparison.compared);
  assert.deepEqual(
    comparison.rows.map(({ scenario, metric }) => `${scenario} ${metric}`),
    ["light throughput", "light p50", "light p95", "light p99"],
  );
  assert.deepEqual(comparison.notCompared, ["mixed", "heavy"]);
});
