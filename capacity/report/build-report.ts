import type { GateConfig } from "../../contract/gate-metrics.ts";
import { gateMetrics } from "../../contract/gate-metrics.ts";
import { exitCodes } from "../../contract/user-error.ts";
import { formatValue } from "../../loadtest/gates/format-value.ts";
import { thisMachine } from "../../measure/machine.ts";
import { fitScaling, type Scaling } from "../law/scaling.ts";
import type { SearchResult } from "../search/campaign.ts";
import type { MeasuredStep } from "../search/step.ts";
import { firstLimit } from "../sizing/limits.ts";
import { type PresentSize, sizeFor, type Wish } from "../sizing/sizing.ts";
import { headlineOf, notKnownOf } from "./findings.ts";
import type { CapacityReport } from "./schema.ts";

/** Everything that a report is made of. */
export interface CapacityInput
  extends Pick<
    CapacityReport,
    | "stack"
    | "endpoint"
    | "namespace"
    | "apiImage"
    | "startedAt"
    | "scenario"
    | "precision"
    | "durationSeconds"
    | "warmupSeconds"
    | "connections"
  > {
  gates: readonly GateConfig[];
  steps: MeasuredStep[];
  searches: SearchResult[];
  wish: Wish | undefined;
  present: PresentSize[];
}

/** Points of the curve between two numbers of pods. */
const pointsPerPod = 4;
const mostCurvePoints = 200;
/** The curve ends at this factor of the measured numbers of pods, or where the wish is met. */
const curveFactor = 2;

/** Judges the measurements and builds the report. */
export function buildCapacityReport(input: CapacityInput): CapacityReport {
  const { gates, steps, searches, wish, present, ...facts } = input;
  const found = searches.filter(({ end }) => end === "found");
  // A search that ran out of steps knows its capacity less well.
  const widths = found.map(({ passed, failed }) => (passed && failed ? failed / passed - 1 : 0));
  const scaling = found.length === 0 ? null : fitScaling(found, Math.max(facts.precision, ...widths));
  const served = nearCapacity(steps, searches);
  const sizing = scaling && wish ? sizeFor(wish, scaling, present, served) : null;
  const { cpus, cpuModel, node } = thisMachine();
  const pods = [...new Set(searches.map((search) => search.pods))].sort((a, b) => a - b);
  return {
    schema: 1,
    ...facts,
    finishedAt: new Date().toISOString(),
    exitCode: scaling === null ? exitCodes.invalid : exitCodes.pass,
    headline: headlineOf(searches, scaling),
    notKnown: notKnownOf(input, scaling),
    gates: gates.map(gateText),
    searches,
    scaling: scaling && scalingReport(scaling, sizing?.pods ?? null),
    limits: pods.map((count) => ({
      pods: count,
      ...firstLimit(
        nearCapacity(
          steps,
          searches.filter((search) => search.pods === count),
        ).map(({ metrics }) => metrics),
      ),
    })),
    sizing,
    steps,
    generator: { cpus, cpuModel, node },
  };
}

/** The steps at the ends of the searches: highest passed and lowest failed rates. */
function nearCapacity(steps: readonly MeasuredStep[], searches: readonly SearchResult[]): MeasuredStep[] {
  return searches.flatMap(({ pods, round, passed, failed }) =>
    steps.filter(
      (step) =>
        step.pods === pods &&
        step.round === round &&
        step.verdict !== "invalid" &&
        step.rate !== null &&
        (step.rate === passed || step.rate === failed),
    ),
  );
}

function gateText({ metric, limit, scenario, workload }: GateConfig): string {
  const { unit, rule } = gateMetrics[metric];
  const of = scenario ?? workload;
  const bound = limit === null ? "off" : `${rule} ${formatValue(limit, unit)}`;
  return `${metric}${of === undefined ? "" : ` of ${of}`} ${bound}`;
}

function scalingReport(scaling: Scaling, sizedPods: number | null): NonNullable<CapacityReport["scaling"]> {
  const { law: _, at, peak, measuredPods, ...values } = scaling;
  const last = Math.max(curveFactor * measuredPods, sizedPods ?? 0);
  const count = Math.min(mostCurvePoints, (last - 1) * pointsPerPod);
  const curve = Array.from({ length: count + 1 }, (_each, index) => {
    const pods = 1 + (index * (last - 1)) / Math.max(1, count);
    return { pods, ...at(pods) };
  });
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    ...values,
    peakPods: peak && { value: finite(peak.value), low: finite(peak.low), high: finite(peak.high) },
    curve,
  };
}
