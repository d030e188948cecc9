import {
  type GateConfig,
  type GateMetric,
  type GateMetricOf,
  type GateMetricSpec,
  gateMetrics,
} from "../../contract/gate-metrics.ts";
import { backlogText } from "../load/generator-limit.ts";
import { type LoadOfTurn, turnText } from "../load/turn-name.ts";
import type { GateResult } from "../report/schema/gate.ts";
import type { ObservedPod } from "../report/schema/pod.ts";
import { formatValue } from "./format-value.ts";
import type { Period } from "./memory-growth.ts";
import { type Measurement, scenarioMeasures, workloadMeasures } from "./metrics.ts";

/** An effect of the injected fault on a metric. It fails no gate up to its maximum. */
export interface ExpectedEffect {
  metric: GateMetricOf<"workload">;
  workload: string;
  /** Maximum tolerated count. */
  most: number;
}

/** Facts of the run that the judgement depends on. */
export interface Circumstances {
  /** Loads in which the generator was the limit, or which ended early. */
  invalidLoads?: ReadonlySet<LoadOfTurn>;
  expected?: readonly ExpectedEffect[];
  /** The longest period of constant load, to which memory growth is limited; default: the whole run. */
  steady?: Period;
}

/** Whether a metric counts bad responses: such a metric stays valid when the generator was the limit. */
export function isErrorMetric(metric: GateMetric): boolean {
  return specOf(metric).isError === true;
}

/** Whether a metric describes the requests of a scenario, not the pods. */
export function isScenarioMetric(metric: GateMetric): metric is GateMetricOf<"scenario"> {
  return Object.hasOwn(scenarioMeasures, metric);
}

/**
 * Compares the measurements with the limits. Every turn of a repeated scenario is judged; its row is that of the worst
 * turn.
 *
 * @returns one row for each gate, those that pass included
 */
export function judgeGates(
  gates: readonly GateConfig[],
  loads: readonly LoadOfTurn[],
  pods: readonly ObservedPod[],
  circumstances: Circumstances = {},
): GateResult[] {
  const metrics = [...new Set(gates.map((gate) => gate.metric))];
  const scenarios = [...new Set(loads.map(({ scenario }) => scenario))];
  return [
    ...scenarios.flatMap((scenario) =>
      metrics.filter(isScenarioMetric).flatMap((metric) => {
        const limit = limitFor(gates, metric, scenario);
        if (limit === null) return [];
        const turns = loads
          .filter((load) => load.scenario === scenario)
          .map((load) => judgeTurn(metric, load, limit, circumstances));
        return turns.sort(worstFirst).slice(0, 1);
      }),
    ),
    ...metrics.flatMap((metric) =>
      isScenarioMetric(metric) ? [] : judgeWorkloads(gates, metric, pods, circumstances),
    ),
  ];
}

function judgeTurn(
  metric: GateMetricOf<"scenario">,
  load: LoadOfTurn,
  limit: number,
  { invalidLoads }: Circumstances,
): GateResult {
  const isInvalid = invalidLoads?.has(load) ?? false;
  // A generator without time leaves due requests without a connection. These time-outs are its own.
  const measured = isInvalid ? withoutNotSent(load) : load;
  const { detail, ...measurement } = scenarioMeasures[metric](measured);
  const backlog = isErrorMetric(metric) && load.notSent === 0 ? "" : backlogText(load);
  const judge = (details: string[]) =>
    judgeGate(
      metric,
      load.scenario,
      { ...measurement, detail: details.filter((text) => text !== "").join("; ") },
      limit,
      isInvalid && !isErrorMetric(metric) ? "invalid" : undefined,
    );
  const result = judge([turnText(load), detail]);
  return result.verdict === "fail" && backlog !== "" ? judge([turnText(load), detail, backlog]) : result;
}

function withoutNotSent(load: LoadOfTurn): LoadOfTurn {
  const { sent, failed, notSent, errors } = load;
  return {
    ...load,
    sent: sent - notSent,
    failed: failed - notSent,
    errors: { ...errors, timeouts: errors.timeouts - notSent },
  };
}

const urgency: Record<GateResult["verdict"], number> = { fail: 0, "not measured": 1, invalid: 2, pass: 3 };

/** Orders rows of the same gate. */
function worstFirst(a: GateResult, b: GateResult): number {
  const more = (b.value ?? 0) - (a.value ?? 0);
  return urgency[a.verdict] - urgency[b.verdict] || (a.rule === "at most" ? more : -more);
}

function judgeWorkloads(
  gates: readonly GateConfig[],
  metric: GateMetricOf<"workload">,
  pods: readonly ObservedPod[],
  { expected = [], steady }: Circumstances,
): GateResult[] {
  const named = gates.filter((gate) => gate.metric === metric && gate.workload !== undefined);
  const workloads = [...new Set(pods.map((pod) => pod.workload))];
  const unknown = named.filter(
    ({ workload, limit }) => limit !== null && !workloads.includes(workload ?? ""),
  );
  const effectOn = (workload: string) =>
    expected.find((effect) => effect.metric === metric && effect.workload === workload);
  const { perWorkload } = specOf(metric);
  const separate = workloads.filter(
    (workload) =>
      perWorkload || named.some((gate) => gate.workload === workload) || effectOn(workload) !== undefined,
  );
  const groups: [subject: string, workloads: string[]][] = separate.map((workload) => [workload, [workload]]);
  const together = workloads.filter((workload) => !separate.includes(workload));
  if (together.length > 0) groups.push([separate.length > 0 ? together.join(", ") : "all pods", together]);
  else if (pods.length === 0 && !perWorkload) groups.push(["all pods", []]);
  return [
    ...groups.flatMap(([subject, members]) => {
      const limit = limitFor(gates, metric, subject);
      const measurement = workloadMeasures[metric](
        pods.filter((pod) => members.includes(pod.workload)),
        steady,
      );
      if (limit === null || !measurement) return [];
      return [judgeCount(metric, subject, measurement, limit, effectOn(subject)?.most ?? 0)];
    }),
    ...unknown.map(({ workload = "", limit }) => {
      const missing = { value: null, samples: 0, detail: "there is no such workload" };
      return judgeGate(metric, workload, missing, limit ?? 0);
    }),
  ];
}

/** @param most how many of the counted events the injected fault explains */
function judgeCount(
  metric: GateMetricOf<"workload">,
  subject: string,
  measurement: Measurement,
  limit: number,
  most: number,
): GateResult {
  const expected = Math.min(most, measurement.value ?? 0);
  if (expected === 0) return judgeGate(metric, subject, measurement, limit);
  const { value, detail } = measurement;
  const rest = judgeGate(metric, subject, { ...measurement, value: (value ?? 0) - expected }, limit);
  const row = judgeGate(metric, subject, measurement, limit);
  const because = [`${expected} expected of the fault that was injected`, detail].filter(
    (text) => text !== "",
  );
  return {
    ...row,
    expected,
    verdict: rest.verdict,
    reason: `${metric} of ${subject} is ${value}, of which ${because.join("; ")}; ${specOf(metric).rule} ${formatValue(limit, specOf(metric).unit)} more ${limit === 1 ? "is" : "are"} allowed`,
  };
}

function specOf(metric: GateMetric): GateMetricSpec {
  return gateMetrics[metric];
}

/** The limit of the gate on the subject itself, else of the gate on all subjects; null: no gate. */
function limitFor(gates: readonly GateConfig[], metric: GateMetric, subject: string): number | null {
  const { scope } = specOf(metric);
  const candidates = gates.filter((gate) => gate.metric === metric);
  const chosen =
    candidates.find((gate) => gate[scope] === subject) ??
    candidates.find((gate) => gate[scope] === undefined);
  return chosen?.limit ?? null;
}

function judgeGate(
  metric: GateMetric,
  subject: string,
  { value, samples, detail }: Measurement,
  limit: number,
  circumstance?: "invalid",
): GateResult {
  const { unit, rule } = specOf(metric);
  const kept = value !== null && (rule === "at least" ? value >= limit : value <= limit);
  const verdict = value === null ? "not measured" : kept ? "pass" : "fail";
  const is = value === null ? "was not measured" : `is ${formatValue(value, unit)}`;
  const asked = rule === "at least" ? "asked for" : "allowed";
  const sentence = `${metric} of ${subject} ${is}, ${rule} ${formatValue(limit, unit)} is ${asked}`;
  const because = [
    detail,
    circumstance === "invalid" && value !== null ? "the load was not the requested one" : "",
  ].filter((text) => text !== "");
  return {
    metric,
    subject,
    unit,
    value,
    limit,
    rule,
    samples,
    expected: 0,
    verdict: circumstance === "invalid" && value !== null ? "invalid" : verdict,
    reason: because.length > 0 ? `${sentence}: ${because.join("; ")}` : sentence,
  };
}
