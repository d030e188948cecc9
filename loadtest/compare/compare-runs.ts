import { judgeRatio, type Ratio, type RatioVerdict, ratioOf } from "../../measure/bootstrap.ts";
import { sameMachine } from "../../measure/machine.ts";
import { type Baseline, type Dials, dialsIn, type Repeat, type RunPlan } from "./baseline.ts";

export type ComparedMetric = "throughput" | "p50" | "p95" | "p99";

type Figures = Pick<Repeat, "throughput" | "p50Ms" | "p95Ms" | "p99Ms">;

/** One metric of one scenario, now over then, at equal speed of the machine. */
export interface ComparedRow extends Ratio {
  scenario: string;
  metric: ComparedMetric | "CPU per request";
  verdict: RatioVerdict;
}

/** Rows, or the reasons why these two runs cannot be compared: never a comparison that means nothing. */
export type Comparison =
  | {
      compared: true;
      rows: ComparedRow[];
      /** Scenarios that only one of the two runs has. */
      notCompared: string[];
    }
  | { compared: false; reasons: string[] };

/** With fewer repeats than this on either side a comparison is refused; eight are better. */
export const fewestComparedRepeats = 6;

/** Share of intervals that hold the true ratio. */
export const comparedConfidence = 0.99;

/** How each metric is read, which way is better, and how small a difference is of no matter. */
export const comparedMetrics: Record<
  ComparedMetric,
  { of: (repeat: Figures) => number; better: "lower" | "higher"; band: number }
> = {
  throughput: { of: ({ throughput }) => throughput, better: "higher", band: 0.05 },
  p50: { of: ({ p50Ms }) => p50Ms, better: "lower", band: 0.05 },
  p95: { of: ({ p95Ms }) => p95Ms, better: "lower", band: 0.1 },
  p99: { of: ({ p99Ms }) => p99Ms, better: "lower", band: 0.15 },
};

/**
 * Compares a run with a baseline of the same stack, machine and plan, metric by metric.
 *
 * Each figure is first brought to the same speed of the machine by the calibration next to its own repeat: throughput is
 * divided by it, latency multiplied, so that a machine that is slower today makes no difference. At a fixed rate the
 * throughput is what was asked for, and left as it is.
 *
 * Different is what a 99 % interval says (measure/bootstrap.ts; a run has some sixteen rows, and at 95 % one of them
 * would be called in every third run where nothing differs) and what is beyond the metric's band: 5 % for throughput and p50, 10 % for p95, 15 % for p99. By
 * simulation of runs that do not differ, eight and six repeats: throughput and p50 (spread of 4 % after calibration) are
 * called different in 0.4 % and 1 % of cases, p95 (7 %) in 0.4 % and none; p99 with a spread of 10 % in 0.3 % and 1 %,
 * where a band of 5 % has 2.5 % and 3.3 % and finds no more of a difference of 30 % (90 % and 77 %). Where about one
 * request in a hundred meets a stall, p99 spreads by 50 %, and a difference of 30 % is found in 15 % of cases only.
 */
export function compareRuns(baseline: Baseline, now: Baseline): Comparison {
  const reasons = planDifferences(baseline, now);
  const shared = now.scenarios.flatMap(({ scenario, repeats }) => {
    const before = baseline.scenarios.find((each) => each.scenario === scenario)?.repeats;
    return before ? [{ scenario, before, after: repeats }] : [];
  });
  if (shared.length === 0) reasons.push("the two runs have no scenario in common");
  for (const { scenario, before, after } of shared) {
    const fewest = Math.min(before.length, after.length);
    if (fewest < fewestComparedRepeats) {
      const which = before.length === fewest ? "the baseline" : "this run";
      reasons.push(
        `${which} has ${fewest} repeats of ${scenario}; ${fewestComparedRepeats} are the fewest to compare`,
      );
    }
  }
  if (reasons.length > 0) return { compared: false, reasons };
  const names = new Set([...baseline.scenarios, ...now.scenarios].map(({ scenario }) => scenario));
  for (const { scenario } of shared) names.delete(scenario);
  return {
    compared: true,
    rows: shared.flatMap((each) =>
      (Object.keys(comparedMetrics) as ComparedMetric[]).map((metric) =>
        comparedRow(each.scenario, metric, now.plan, each.before, each.after),
      ),
    ),
    notCompared: [...names],
  };
}

/** What makes two runs incomparable that is known before they are made: stack, machine, plan. */
export function planDifferences(then: Baseline, now: Baseline): string[] {
  return [
    ...(then.stack === now.stack ? [] : [`stack was ${then.stack}, is ${now.stack}`]),
    ...sameMachine(then.machine, now.machine).reasons,
    ...planReasons(then.plan, now.plan),
  ];
}

function comparedRow(
  scenario: string,
  metric: ComparedMetric,
  plan: RunPlan,
  before: readonly Repeat[],
  after: readonly Repeat[],
): ComparedRow {
  const { of, better, band } = comparedMetrics[metric];
  const atEqualSpeed = (repeat: Repeat) => {
    if (better === "lower") return of(repeat) * repeat.calibration;
    return dialsIn(plan, scenario).ratePerSecond === undefined ? of(repeat) / repeat.calibration : of(repeat);
  };
  const ratio = ratioOf(before.map(atEqualSpeed), after.map(atEqualSpeed), {
    confidence: comparedConfidence,
  });
  return { scenario, metric, ...ratio, verdict: judgeRatio(ratio, band, better) };
}

/** A ratio as a change: 1.12 is `+12.0 %`. */
export function formatChange(ratio: number): string {
  return `${ratio >= 1 ? "+" : "−"}${Math.abs((ratio - 1) * 100).toFixed(1)} %`;
}

function planReasons(then: RunPlan, now: RunPlan): string[] {
  const whole = dialReasons(then, now);
  const both = Object.keys(then.dials ?? {}).filter((scenario) => now.dials?.[scenario]);
  const own = both.flatMap((scenario) =>
    dialReasons(dialsIn(then, scenario), dialsIn(now, scenario))
      .filter((reason) => !whole.includes(reason))
      .map((reason) => `of ${scenario}, ${reason}`),
  );
  const users = then.users === now.users ? [] : [`users was ${then.users}, is ${now.users}`];
  return [...whole, ...own, ...users];
}

function dialReasons(then: Dials, now: Dials): string[] {
  const dials: [keyof Dials, string, string][] = [
    ["connections", "connections", ""],
    ["durationSeconds", "duration", " s"],
    ["warmupSeconds", "warm-up", " s"],
    ["ratePerSecond", "rate", " requests/s"],
  ];
  const text = (value: number | undefined, unit: string) =>
    value === undefined ? "as fast as answered" : `${value}${unit}`;
  return dials
    .filter(([dial]) => then[dial] !== now[dial])
    .map(([dial, name, unit]) => `${name} was ${text(then[dial], unit)}, is ${text(now[dial], unit)}`);
}
