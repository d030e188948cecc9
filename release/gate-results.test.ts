import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunReport } from "../loadtest/report/report-schema.ts";
import type { GateResult as JudgedGate } from "../loadtest/report/schema/gate.ts";
import { sampleReport } from "../loadtest/testing/sample-report.ts";
import {
  comparedResult,
  fullResult,
  lightResult,
  unreadCanary,
  withoutReport,
  withShares,
} from "./gate-results.ts";
import { requestsBetween } from "./pool-requests.ts";

const passed = sampleReport();
const gate = (metric: JudgedGate["metric"], verdict: JudgedGate["verdict"]): JudgedGate => ({
  metric,
  subject: "light",
  unit: "share",
  value: 0,
  limit: 0,
  rule: "at most",
  samples: 1000,
  expected: 0,
  verdict,
  reason: `${metric} of light: ${verdict}`,
});

/** A report with these gates, and the verdict that the load test gives it. */
function report(gates: JudgedGate[], more: Partial<RunReport> = {}): RunReport {
  const failed = gates.find(({ verdict }) => verdict === "fail");
  const verdict = failed ? "gate failed" : "pass";
  return { ...passed, gates, verdict, reason: failed?.reason ?? "passed", problems: [], ...more };
}

const good = report([gate("error_rate", "pass"), gate("p99", "pass"), gate("restarts", "pass")]);

test("the full gate has the verdict of the load test", () => {
  const { verdict, reason } = fullResult(report([gate("p99", "fail")]));
  assert.deepEqual([verdict, reason], ["gate failed", "p99 of light: fail"]);
});

test("a light gate counts errors and events of pods, and no latency and no memory", () => {
  for (const metric of ["p99", "throughput", "memory_peak", "samples"] as const)
    assert.equal(
      lightResult(report([gate(metric, "fail"), gate("error_rate", "pass")])).verdict,
      "pass",
      metric,
    );
  for (const metric of ["error_rate", "non_2xx_rate", "restarts", "oom_kills", "pods_replaced"] as const)
    assert.equal(lightResult(report([gate(metric, "fail")])).verdict, "gate failed", metric);
});

test("a light gate of a broken or an invalid run is no pass", () => {
  const broken = { verdict: "broken" as const, problems: ["a gap in the samples"], reason: "a gap" };
  assert.equal(lightResult({ ...good, ...broken }).verdict, "broken");
  assert.equal(lightResult({ ...good, verdict: "invalid", reason: "interrupted" }).verdict, "invalid");
  assert.equal(lightResult(report([gate("error_rate", "not measured")])).verdict, "invalid");
});

const shares = (old: [number, number], canary: [number, number]) => ({
  old: { requests: old[0], failed: old[1] },
  canary: { requests: canary[0], failed: canary[1] },
});

test("errors that only the canary's own counters show fail its gate", () => {
  const result = withShares(lightResult(good), good, shares([9000, 0], [1000, 10]));
  assert.deepEqual([result.verdict, result.oldFailsToo], ["gate failed", false]);
  assert.match(result.reason, /of the canary's requests, 10 of 1000 failed/);
});

test("a failed gate says whether the old version failed as well", () => {
  const failed = report([gate("error_rate", "fail")]);
  assert.equal(withShares(lightResult(failed), failed, shares([9000, 90], [1000, 10])).oldFailsToo, true);
  assert.equal(withShares(lightResult(failed), failed, shares([9000, 0], [1000, 0])).verdict, "gate failed");
});

test("a canary that got too few requests is not judged", () => {
  assert.equal(withShares(lightResult(good), good, shares([9000, 0], [12, 0])).verdict, "invalid");
  assert.equal(withShares(lightResult(good), good, shares([9000, 0], [100, 0])).verdict, "pass");
});

test("an API without counters is judged by the whole traffic", () => {
  const { verdict, summary } = withShares(lightResult(good), good, null);
  assert.equal(verdict, "pass");
  assert.match(summary.at(-1) ?? "", /no counters of its own/);
});

/** A report of a comparison in which these turns had failed requests. */
function comparison(letters: string[], verdict: RunReport["verdict"]): RunReport {
  const [load] = passed.scenarios;
  assert.ok(load);
  const scenarios = ["A", "B"].map((letter) => ({
    ...load,
    scenario: `light (${letter})`,
    failed: letters.includes(letter) ? 7 : 0,
  }));
  return { ...passed, scenarios, gates: [], verdict, reason: "error_rate" };
}

test("a comparison in which the new version fails goes against it, and says whether the old one fails as well", () => {
  assert.deepEqual(
    ["B", "AB"].map((letters) => {
      const { verdict, oldFailsToo } = comparedResult(comparison([...letters], "gate failed"));
      return [verdict, oldFailsToo];
    }),
    [
      ["gate failed", false],
      ["gate failed", true],
    ],
  );
});

test("a new version is not refused because the old one fails", () => {
  const errorsOf = (letter: string) => ({ ...gate("error_rate", "fail"), subject: `light (${letter})` });
  const resultOf = (gates: JudgedGate[], more: Partial<RunReport> = {}) => {
    const { verdict, oldFailsToo } = comparedResult({ ...comparison(["A"], "gate failed"), gates, ...more });
    return [verdict, oldFailsToo];
  };
  assert.deepEqual(resultOf([errorsOf("A")]), ["pass", true]);
  // Something else has failed, too, or the new version is slower.
  assert.deepEqual(resultOf([errorsOf("A"), gate("restarts", "fail")]), ["gate failed", true]);
  assert.deepEqual(resultOf([errorsOf("B")]), ["gate failed", true]);
  const row = {
    scenario: "light",
    metric: "p50",
    ratio: 1.9,
    low: 1.8,
    high: 2,
    outliers: 0,
    verdict: "worse",
  } as const;
  const compared = { before: { apiImage: "a", savedAt: null }, after: { apiImage: "b" }, notCompared: [] };
  const worse = { ...compared, rows: [row] };
  assert.deepEqual(resultOf([errorsOf("A")], { comparison: worse }), ["gate failed", true]);
});

test("a canary that did not say what it has counted makes the run invalid", () => {
  assert.equal(unreadCanary(lightResult(good)).verdict, "invalid");
  assert.equal(unreadCanary(lightResult(report([gate("error_rate", "fail")]))).verdict, "gate failed");
});

test("a load test without a report is broken", () => {
  assert.match(withoutReport(null).reason, /wrote no report and ended with exit code null/);
});

test("requestsBetween counts what both pods answered, also when one restarted", () => {
  const sample = (status: string, value: number) => ({
    name: "http_requests_total",
    labels: { status },
    value,
  });
  const counters = (pods: Record<string, [number, number]>) => ({
    api: new Map(
      Object.entries(pods).map(([pod, [ok, bad]]) => [pod, [sample("200", ok), sample("500", bad)]]),
    ),
    cpu: new Map(),
  });
  const before = counters({ a: [100, 1], b: [500, 0] });
  const after = counters({ a: [150, 3], b: [20, 2], c: [5, 0] });
  assert.deepEqual(requestsBetween(before, after), { requests: 52 + 22 + 5, failed: 2 + 2 });
});
