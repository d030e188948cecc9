import assert from "node:assert/strict";
import { test } from "node:test";
import { Value } from "@sinclair/typebox/value";
import { escapeHtml } from "../../loadtest/report/html.ts";
import { sampleCapacityReport, sampleInput } from "../testing/sample-steps.ts";
import { buildCapacityReport } from "./build-report.ts";
import { capacityPage } from "./page.ts";
import { type CapacityReport, capacitySchema } from "./schema.ts";
import { summaryText } from "./summary.ts";

const wish = { rate: 800, headroom: 0.3 };

const problemsOf = (report: CapacityReport) =>
  [...Value.Errors(capacitySchema, JSON.parse(JSON.stringify(report)))].map(
    ({ path, message }) => `${path}: ${message}`,
  );

test("capacitySchema accepts reports of one, two and three numbers of pods, with and without sizes", () => {
  for (const pods of [[1], [1, 2], [1, 2, 3]])
    for (const given of [{ pods }, { pods, wish }, { pods, rounds: 1 }])
      assert.deepEqual(problemsOf(sampleCapacityReport(given)), [], JSON.stringify(given));
  const report = sampleCapacityReport();
  assert.match(problemsOf({ ...report, exitCode: "0" as never }).join(), /^\/exitCode: /);
});

test("a report has the capacity, the limit and the sizes", () => {
  const report = sampleCapacityReport({ wish });
  assert.match(report.headline, /^3 API pods carry \d,?\d+ requests\/s with all gates passed \(95 %: /);
  assert.deepEqual(
    report.limits.map(({ certainty }) => certainty),
    ["clear", "clear", "clear"],
  );
  assert.equal(report.exitCode, 0);
  assert.equal(report.scaling?.knowledge, "law");
  assert.ok((report.sizing?.pods ?? 0) >= 3);
  const last = report.scaling?.curve.at(-1);
  assert.equal(last?.pods, Math.max(6, report.sizing?.pods ?? 0));
});

test("a report says what is not known", () => {
  const text = (given: Parameters<typeof sampleCapacityReport>[0]) =>
    sampleCapacityReport(given).notKnown.join("\n");
  assert.match(text({ pods: [2] }), /one number of pods was measured: how the capacity grows .* not known/);
  assert.match(text({ pods: [1, 2] }), /not whether it is contention \(σ\) or coherency \(κ\)/);
  assert.match(text({ rounds: 1 }), /each number of pods was searched once/);
  assert.match(text({}), /^beyond 3 pods the curve assumes/m);
});

test("a report without a capacity has the reason and exit code 98", () => {
  const reason = "the lowest rate, 10 /s, failed";
  const below = { pods: 1, round: 1, end: "below", rate: 10, passed: null, failed: 10, reason } as const;
  const report = buildCapacityReport({ ...sampleInput(), searches: [below] });
  assert.deepEqual([report.exitCode, report.scaling, report.sizing], [98, null, null]);
  assert.equal(report.headline, `no capacity was found: ${reason}`);
  assert.match(report.notKnown[0] ?? "", /^1 pod, round 1: the lowest rate that was tried, 10 \/s, failed$/);
});

test("a report of searches without an end has the highest lower bound", () => {
  const reason = "900 /s could not be measured";
  const bound = { pods: 1, round: 1, end: "at least", rate: 800, passed: 800, failed: null, reason } as const;
  const searches = [bound, { ...bound, pods: 2, rate: 850 }];
  const report = buildCapacityReport({ ...sampleInput(), searches });
  assert.equal(report.exitCode, 98);
  assert.equal(
    report.headline,
    `no capacity was found, only a lower bound: 2 API pods carry at least 850 requests/s; ${reason}`,
  );
});

test("the summary for the terminal has a row for each search, the parameters, the sizes and the headline", () => {
  const report = sampleCapacityReport({ wish });
  const text = summaryText(report);
  assert.equal(text.match(/ found$/gm)?.length, 9);
  for (const part of [
    "λ ",
    "σ ",
    "κ ",
    "api.replicas",
    "limit    3 pods: API CPU limits first",
    `✓ ${report.headline}`,
  ])
    assert.ok(text.includes(part), `${part}\n${text}`);
});

test("the page needs no network and has every part, with texts escaped", () => {
  const report = sampleCapacityReport({ wish });
  const page = capacityPage(report);
  for (const id of ["capacity", "sizes", "limits", "law", "unknown", "searches", "steps"])
    assert.ok(page.includes(` id="${id}"`), id);
  assert.ok(page.includes(escapeHtml(report.headline)));
  assert.ok(page.includes("reads &amp; writes"));
  assert.ok(page.includes("N. J. Gunther"));
  assert.doesNotMatch(page, /<script[^>]+src=|<link|url\(http/);
  const [, data = ""] = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(page) ?? [];
  assert.equal((JSON.parse(data) as CapacityReport).searches.length, 9);
});

test("the page without sizes and without a curve has no empty parts", () => {
  const report = { ...sampleCapacityReport(), scaling: null, limits: [] };
  const page = capacityPage(report);
  for (const id of ["sizes", "limits", "law"]) assert.ok(!page.includes(` id="${id}"`), id);
});
