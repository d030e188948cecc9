import {
  type GateConfig,
  type GateMetric,
  type GateMetricSpec,
  type GateUnit,
  gateMetrics,
} from "../../contract/gate-metrics.ts";
import type { LoadResult } from "../load/load-result.ts";
import type { ObservedPod } from "../observe/observer.ts";
import type { Period } from "./memory-growth.ts";
import { type Figure, podFigure, scenarioFigure } from "./metrics.ts";

/** One gate, judged. Reads as "metric of subject is value, limit limit, over samples". */
export interface GateResult {
  metric: GateMetric;
  /** The scenario or workload that it is about; `all pods` for what is counted over the whole stack. */
  subject: string;
  unit: GateUnit;
  /** Null when it could not be measured. */
  value: number | null;
  limit: number;
  rule: "at most" | "at least";
  /** How many requests, memory figures or pods stand behind the value. */
  samples: number;
  /** `invalid`: the generator was the limit, so the figure says nothing about the stack. */
  verdict: "pass" | "fail" | "not measured" | "invalid";
  /** The verdict as one sentence. */
  reason: string;
}

/** What makes some figures say nothing about the stack, or nothing new. */
export interface Circumstances {
  /** Scenarios whose speed was the generator's, or that were cut short. */
  invalidScenarios?: ReadonlySet<string>;
  /** What a fault is bound to bring about, and how much of it. */
  expected?: readonly { metric: GateMetric; workload: string; most: number }[];
  /** When the same load lasted longest; memory that grows is looked for there. Usually all the time. */
  steady?: Period;
}

/** Figures that stay true whatever the generator was busy with. */
export const errorMetrics = metricsWhere(({ isError }) => isError);
/** Metrics that are judged for each workload by itself; of the others, all workloads without a gate of their own are one. */
const perWorkload = metricsWhere((spec) => spec.perWorkload);

function metricsWhere(matches: (spec: GateMetricSpec) => true | undefined): readonly GateMetric[] {
  return (Object.keys(gateMetrics) as GateMetric[]).filter((metric) => matches(gateMetrics[metric]));
}

/** Judges what was measured against the limits. Pure; one row for each gate, those that pass included. */
export function judgeGates(
  gates: readonly GateConfig[],
  loads: readonly LoadResult[],
  pods: readonly ObservedPod[],
  circumstances: Circumstances = {},
): GateResult[] {
  const metrics = [...new Set(gates.map((gate) => gate.metric))];
  return [
    ...loads.flatMap((load) =>
      metrics.flatMap((metric) => {
        const figure = scenarioFigure(metric, load);
        const limit = limitFor(gates, metric, "scenario", load.scenario);
        if (!figure || limit === null) return [];
        const spoilt = circumstances.invalidScenarios?.has(load.scenario) && !errorMetrics.includes(metric);
        return [judge(metric, load.scenario, figure, limit, spoilt ? "invalid" : undefined)];
      }),
    ),
    ...metrics.flatMap((metric) => podGates(gates, metric, pods, circumstances)),
  ];
}

function podGates(
  gates: readonly GateConfig[],
  metric: GateMetric,
  pods: readonly ObservedPod[],
  { expected = [], steady }: Circumstances,
): GateResult[] {
  if (gateMetrics[metric].scope !== "workload") return [];
  const named = gates.filter((gate) => gate.metric === metric && gate.workload !== undefined);
  const workloads = [...new Set(pods.map((pod) => pod.workload))];
  const unknown = named.filter(
    ({ workload, limit }) => limit !== null && !workloads.includes(workload ?? ""),
  );
  const harmTo = (workload: string) =>
    expected.find((harm) => harm.metric === metric && harm.workload === workload);
  const apart = workloads.filter(
    (workload) =>
      perWorkload.includes(metric) ||
      named.some((gate) => gate.workload === workload) ||
      harmTo(workload) !== undefined,
  );
  const groups: [subject: string, workloads: string[]][] = apart.map((workload) => [workload, [workload]]);
  const together = workloads.filter((workload) => !apart.includes(workload));
  if (together.length > 0) groups.push([apart.length > 0 ? together.join(", ") : "all pods", together]);
  else if (pods.length === 0 && !perWorkload.includes(metric)) groups.push(["all pods", []]);
  return [
    ...groups.flatMap(([subject, members]) => {
      const limit = limitFor(gates, metric, "workload", subject);
      const figure = podFigure(
        metric,
        pods.filter((pod) => members.includes(pod.workload)),
        steady,
      );
      if (limit === null || !figure) return [];
      const harm = harmTo(subject);
      const asExpected = harm !== undefined && (figure.value ?? Number.POSITIVE_INFINITY) <= harm.most;
      return [judge(metric, subject, figure, limit, asExpected ? "expected" : undefined)];
    }),
    ...unknown.map(({ workload = "", limit }) =>
      judge(metric, workload, { value: null, samples: 0, detail: "there is no such workload" }, limit ?? 0),
    ),
  ];
}

/** The gate on the subject itself, else the one on all; null: none. */
function limitFor(
  gates: readonly GateConfig[],
  metric: GateMetric,
  of: "scenario" | "workload",
  subject: string,
): number | null {
  const own = gates.filter((gate) => gate.metric === metric);
  const chosen = own.find((gate) => gate[of] === subject) ?? own.find((gate) => gate[of] === undefined);
  return chosen?.limit ?? null;
}

function judge(
  metric: GateMetric,
  subject: string,
  { value, samples, detail }: Figure,
  limit: number,
  circumstance?: "invalid" | "expected",
): GateResult {
  const { unit, rule } = gateMetrics[metric];
  const kept = value !== null && (rule === "at least" ? value >= limit : value <= limit);
  const verdict = value === null ? "not measured" : kept || circumstance === "expected" ? "pass" : "fail";
  const is = value === null ? "was not measured" : `is ${formatValue(value, unit)}`;
  const asked = rule === "at least" ? "asked for" : "allowed";
  const of = `${metric} of ${subject} ${is}, ${rule} ${formatValue(limit, unit)} is ${asked}`;
  const because = [
    detail,
    circumstance === "invalid" && value !== null ? "the load was not what was asked for" : "",
    circumstance === "expected" && !kept ? "the fault that was injected" : "",
  ].filter(Boolean);
  return {
    ...{ metric, subject, unit, value, limit, rule, samples },
    verdict: circumstance === "invalid" && value !== null ? "invalid" : verdict,
    reason: because.length > 0 ? `${of}: ${because.join("; ")}` : of,
  };
}

/** `12.3 ms`, `5 min`, `0.04 %`, `41,234`, `512 /s`. A share that is not zero never reads as zero. */
export function formatValue(value: number, unit: GateUnit): string {
  if (unit === "count") return value.toLocaleString("en-US");
  if (unit === "rate") return `${value.toLocaleString("en-US", { maximumFractionDigits: 0 })} /s`;
  if (unit === "time") return formatTime(value);
  const percent = value * 100;
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  return `${Number(percent.toFixed(percent < 1 ? 2 : 1))} %`;
}

function formatTime(ms: number): string {
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 10_000) return `${ms.toFixed(0)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(0)} s`;
  if (ms < 7_200_000) return `${(ms / 60_000).toFixed(0)} min`;
  if (ms < 48 * 3_600_000) return `${(ms / 3_600_000).toFixed(0)} h`;
  const days = ms / 86_400_000;
  return days < 365 ? `${days.toFixed(0)} d` : "a year or more";
}
