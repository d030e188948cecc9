import {
  type GateConfig,
  type GateMetric,
  type GateMetricOf,
  type GateMetricSpec,
  gateMetrics,
} from "../../contract/gate-metrics.ts";
import type { GateResult } from "../report/schema/gate.ts";
import type { ObservedPod } from "../report/schema/pod.ts";
import type { LoadResult } from "../report/schema/scenario.ts";
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
  /** Scenarios in which the generator was the limit, or which ended early. */
  invalidScenarios?: ReadonlySet<string>;
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

/** Compares the measurements with the limits. @returns one row for each gate, those that pass included. */
export function judgeGates(
  gates: readonly GateConfig[],
  loads: readonly LoadResult[],
  pods: readonly ObservedPod[],
  circumstances: Circumstances = {},
): GateResult[] {
  const metrics = [...new Set(gates.map((gate) => gate.metric))];
  return [
    ...loads.flatMap((load) =>
      metrics.filter(isScenarioMetric).flatMap((metric) => {
        const limit = limitFor(gates, metric, load.scenario);
        if (limit === null) return [];
        const invalid = circumstances.invalidScenarios?.has(load.scenario) && !isErrorMetric(metric);
        const measurement = scenarioMeasures[metric](load);
        return [judgeGate(metric, load.scenario, measurement, limit, invalid ? "invalid" : undefined)];
      }),
    ),
    ...metrics.flatMap((metric) =>
      isScenarioMetric(metric) ? [] : judgeWorkloads(gates, metric, pods, circumstances),
    ),
  ];
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
      const most = effectOn(subject)?.most ?? Number.NEGATIVE_INFINITY;
      const asExpected = (measurement.value ?? Number.POSITIVE_INFINITY) <= most;
      return [judgeGate(metric, subject, measurement, limit, asExpected ? "expected" : undefined)];
    }),
    ...unknown.map(({ workload = "", limit }) => {
      const missing = { value: null, samples: 0, detail: "there is no such workload" };
      return judgeGate(metric, workload, missing, limit ?? 0);
    }),
  ];
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
  circumstance?: "invalid" | "expected",
): GateResult {
  const { unit, rule } = specOf(metric);
  const kept = value !== null && (rule === "at least" ? value >= limit : value <= limit);
  const verdict = value === null ? "not measured" : kept || circumstance === "expected" ? "pass" : "fail";
  const is = value === null ? "was not measured" : `is ${formatValue(value, unit)}`;
  const asked = rule === "at least" ? "asked for" : "allowed";
  const sentence = `${metric} of ${subject} ${is}, ${rule} ${formatValue(limit, unit)} is ${asked}`;
  const because = [
    detail,
    circumstance === "invalid" && value !== null ? "the load was not the requested one" : "",
    circumstance === "expected" && !kept ? "the fault that was injected" : "",
  ].filter((text) => text !== "");
  return {
    metric,
    subject,
    unit,
    value,
    limit,
    rule,
    samples,
    verdict: circumstance === "invalid" && value !== null ? "invalid" : verdict,
    reason: because.length > 0 ? `${sentence}: ${because.join("; ")}` : sentence,
  };
}
