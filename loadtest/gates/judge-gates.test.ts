import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateConfig } from "../../contract/gate-metrics.ts";
import type { GateResult } from "../report/schema/gate.ts";
import type { ObservedPod } from "../report/schema/pod.ts";
import type { LoadResult } from "../report/schema/scenario.ts";
import { sampleLoad, sampleOutputs, samplePod } from "../testing/samples.ts";
import { formatValue } from "./format-value.ts";
import { judgeGates } from "./judge-gates.ts";

const { gates: limits } = sampleOutputs().loadtest;
const judged = (load: Partial<LoadResult>, ...pods: Partial<ObservedPod>[]): GateResult[] =>
  judgeGates(
    limits,
    [sampleLoad(load)],
    pods.length === 0 ? [samplePod()] : pods.map((pod) => samplePod(pod)),
  );
const failing = (gates: GateResult[]) =>
  gates.filter((gate) => gate.verdict === "fail").map((gate) => gate.metric);
const noErrors = sampleLoad().errors;

test("judgeGates has a passed row for each gate of a healthy run", () => {
  const gates = judged({});
  assert.deepEqual(
    gates.map((gate) => gate.metric),
    ["error_rate", "non_2xx_rate", "p99", "samples", "memory_peak", "restarts", "oom_kills", "pods_replaced"],
  );
  assert.deepEqual([...new Set(gates.map((gate) => gate.verdict))], ["pass"]);
});

const failures: [string, Partial<LoadResult>, Partial<ObservedPod>, string[], RegExp][] = [
  [
    "one time-out",
    { completed: 1999, failed: 1, errors: { ...noErrors, timeouts: 1 } },
    {},
    ["error_rate"],
    /^error_rate of light is 0\.05 %, at most 0 % is allowed: 1 × time-out$/,
  ],
  [
    "responses outside 2xx",
    { completed: 1997, failed: 3, errors: { ...noErrors, status: { "502": 2, "503": 1 } } },
    {},
    ["error_rate", "non_2xx_rate"],
    /2 × HTTP 502, 1 × HTTP 503$/,
  ],
  [
    "a p99 above its limit",
    { latency: { ...sampleLoad().latency, p99Ms: 50.1 } },
    {},
    ["p99"],
    /is 50\.1 ms, at most 50\.0 ms/,
  ],
  [
    "too few samples",
    { completed: 999 },
    {},
    ["samples"],
    /^samples of light is 999, at least 1,000 is asked for$/,
  ],
  [
    "memory above its share of the limit",
    {},
    { peakBytes: 0.91 * 200 * 1024 ** 2 },
    ["memory_peak"],
    /^memory_peak of api is 91 %, at most 90 % is allowed: api-1: 182 MiB of 200 MiB$/,
  ],
  [
    "a restart",
    {},
    { restarts: 1, lastEnd: "Error, exit code 3" },
    ["restarts"],
    /: api-1 \(Error, exit code 3\)$/,
  ],
  [
    "an OOM kill",
    {},
    { restarts: 1, oomKills: 1, lastEnd: "OOMKilled, exit code 137" },
    ["restarts", "oom_kills"],
    /OOMKilled, exit code 137/,
  ],
  ["a replaced pod", {}, { gone: true }, ["pods_replaced"], /^pods_replaced of all pods is 1, .*: api-1$/],
];
for (const [what, load, pod, metrics, reason] of failures) {
  test(`judgeGates fails ${metrics.join(" and ")} on ${what}`, () => {
    const gates = judged(load, pod);
    assert.deepEqual(failing(gates), metrics);
    assert.match(gates.find((gate) => gate.verdict === "fail")?.reason ?? "", reason);
  });
}

test("judgeGates passes a value that equals its limit", () => {
  const gates = judged({ completed: 1000, latency: { ...sampleLoad().latency, p99Ms: 50 } });
  assert.deepEqual(failing(gates), []);
});

test("judgeGates does not pass a missing measurement", () => {
  const unanswered = { ...sampleLoad().latency, count: 0, p99Ms: Number.NaN };
  const gates = judgeGates(limits, [sampleLoad({ sent: 0, completed: 0, latency: unanswered })], []);
  const verdicts = Object.fromEntries(gates.map((gate) => [gate.metric, gate.verdict]));
  assert.deepEqual(verdicts, {
    error_rate: "not measured",
    non_2xx_rate: "not measured",
    p99: "not measured",
    samples: "fail",
    restarts: "not measured",
    oom_kills: "not measured",
    pods_replaced: "not measured",
  });
  assert.equal(judged({}, { peakBytes: null })[4]?.verdict, "not measured");
});

test("judgeGates judges memory_peak by the pod of each workload with the highest share", () => {
  const memory = judged(
    {},
    { name: "api-1", peakBytes: 50 },
    { name: "api-2", peakBytes: 60 },
    { name: "redis-0", workload: "redis", peakBytes: 99, memoryLimitBytes: 100 },
  ).filter((gate) => gate.metric === "memory_peak");
  assert.deepEqual(
    memory.map((gate) => [gate.subject, gate.verdict]),
    [
      ["api", "pass"],
      ["redis", "fail"],
    ],
  );
  assert.match(memory[0]?.reason ?? "", /api-2/);
});

test("judgeGates has no row for a scenario without a limit", () => {
  assert.equal(
    judged({ scenario: "cached-read" }).some((gate) => gate.metric === "p99"),
    false,
  );
});

test("formatValue never shows a share above zero as zero", () => {
  assert.equal(formatValue(0.00001, "share"), "< 0.01 %");
  assert.equal(formatValue(0.951, "share"), "95.1 %");
  assert.equal(formatValue(0, "share"), "0 %");
});

test("judgeGates prefers the gate on one workload, and skips a gate that is off", () => {
  const verdicts = (gates: GateConfig[], ...pods: Partial<ObservedPod>[]) =>
    judgeGates(
      gates,
      [sampleLoad()],
      pods.map((pod) => samplePod(pod)),
    ).map((gate) => `${gate.metric} ${gate.subject} ${gate.verdict}`);
  const redis = { uid: "uid-2", name: "redis-0", workload: "redis", restarts: 1 };
  const all: GateConfig = { metric: "restarts", limit: 0 };
  assert.deepEqual(verdicts([all], {}, redis), ["restarts all pods fail"]);
  assert.deepEqual(
    verdicts([all, { metric: "restarts", workload: "redis", limit: 1 }], {}, redis),
    ["restarts api pass", "restarts redis pass"].sort((a, b) =>
      a.includes("redis") ? -1 : b.includes("redis") ? 1 : 0,
    ),
  );
  assert.deepEqual(verdicts([all, { metric: "restarts", workload: "redis", limit: null }], {}, redis), [
    "restarts api pass",
  ]);
  assert.deepEqual(verdicts([{ metric: "restarts", workload: "rabbit", limit: 0 }], {}), [
    "restarts rabbit not measured",
  ]);
  assert.deepEqual(
    verdicts(
      [
        { metric: "p50", limit: 1 },
        { metric: "p50", scenario: "light", limit: null },
      ],
      {},
    ),
    [],
  );
});

test("judgeGates makes values of an invalid scenario invalid, but not its errors", () => {
  const load = sampleLoad({ failed: 1, completed: 10 });
  const gates = judgeGates(limits, [load], [samplePod()], { invalidLoads: new Set([load]) });
  const verdictOf = Object.fromEntries(gates.map((gate) => [gate.metric, gate.verdict]));
  assert.deepEqual([verdictOf.error_rate, verdictOf.p99, verdictOf.samples], ["fail", "invalid", "invalid"]);
});

test("judgeGates passes the expected effect of a fault with a reason, and fails more than it", () => {
  const gates = judgeGates(
    limits,
    [],
    [samplePod({ restarts: 1 }), samplePod({ uid: "2", workload: "redis" })],
    { expected: [{ workload: "api", metric: "restarts", most: 1 }] },
  );
  const restarts = gates.filter((gate) => gate.metric === "restarts");
  assert.deepEqual(
    restarts.map((gate) => [gate.subject, gate.value, gate.verdict]),
    [
      ["api", 1, "pass"],
      ["redis", 0, "pass"],
    ],
  );
  assert.equal(
    restarts[0]?.reason,
    "restarts of api is 1, of which 1 expected of the fault that was injected; api-1; at most 0 more are allowed",
  );
  assert.deepEqual(
    restarts.map(({ expected }) => expected),
    [1, 0],
  );
  const more = judgeGates(limits, [], [samplePod({ restarts: 2 })], {
    expected: [{ workload: "api", metric: "restarts", most: 1 }],
  });
  assert.equal(more.find((gate) => gate.metric === "restarts")?.verdict, "fail");
});

test("judgeGates judges every turn and names the worst one", () => {
  const bad = { failed: 5, completed: 1995, errors: { ...noErrors, status: { "503": 5 } } };
  const turns = [{}, bad, {}].map((more, index) => ({
    ...sampleLoad(more),
    turn: { number: index + 1, total: 3 },
  }));
  const rows = judgeGates(limits, turns, [samplePod()]).filter(({ subject }) => subject === "light");
  assert.deepEqual(
    rows.map(({ metric, verdict }) => `${metric} ${verdict}`),
    ["error_rate fail", "non_2xx_rate fail", "p99 pass", "samples pass"],
  );
  assert.equal(
    rows[0]?.reason,
    "error_rate of light is 0.25 %, at most 0 % is allowed: turn 2 of 3; 5 × HTTP 503",
  );
});

test("judgeGates takes the turn with the worst value when all turns pass", () => {
  const turns = [9, 30, 12].map((p99Ms, index) => ({
    ...sampleLoad({ latency: { ...sampleLoad().latency, p99Ms }, completed: 2000 - p99Ms }),
    turn: { number: index + 1, total: 3 },
  }));
  const rows = judgeGates(limits, turns, [samplePod()]);
  const values = rows
    .filter(({ metric }) => metric === "p99" || metric === "samples")
    .map(({ value }) => value);
  assert.deepEqual(values, [30, 1970]);
});

test("judgeGates fails an overloaded stack at a fixed rate, with the connections as a hint", () => {
  const load = sampleLoad({
    model: "fixed rate",
    offeredPerSecond: 1000,
    latency: { ...sampleLoad().latency, p99Ms: 11_000 },
    generator: { ...sampleLoad().generator, backlog: 700 },
  });
  const p99 = judgeGates(limits, [load], [samplePod()]).find(({ metric }) => metric === "p99");
  assert.equal(p99?.verdict, "fail");
  assert.match(
    p99?.reason ?? "",
    /700 due requests waited for one of 8 busy connections.*raise --connections/,
  );
});

test("judgeGates does not count requests that a generator without time never sent", () => {
  const load = sampleLoad({ sent: 2300, failed: 300, notSent: 300, errors: { ...noErrors, timeouts: 300 } });
  const errorRate = (invalidLoads: Set<LoadResult>) =>
    judgeGates(limits, [load], [samplePod()], { invalidLoads }).find(({ metric }) => metric === "error_rate");
  assert.equal(errorRate(new Set())?.verdict, "fail");
  assert.equal(errorRate(new Set([load]))?.verdict, "pass");
});
