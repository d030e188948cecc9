import { judgeRatio, ratioOf } from "../../measure/bootstrap.ts";
import { sameMachine } from "../../measure/machine.ts";
import type { ComparedRow, RunComparison } from "../report/schema/comparison.ts";
import type { LoadResult } from "../report/schema/scenario.ts";
import {
  type Baseline,
  type ComparableSettings,
  type KeptValues,
  type LoadSettings,
  type Repeat,
  settingsIn,
} from "./baseline.ts";

/** Metrics that every comparison has. */
export type ComparedMetric = Exclude<ComparedRow["metric"], "CPU per request">;

/** How a metric is compared. */
export interface MetricRule<Values> {
  read: (values: Values) => number;
  better: "lower" | "higher";
  /** The relative difference that does not matter. */
  band: number;
}

/** The values of a load that are kept to compare it. */
export function keptValues({ requestsPerSecond, latency }: LoadResult): KeptValues {
  const { p50Ms, p95Ms, p99Ms } = latency;
  return { throughput: requestsPerSecond, p50Ms, p95Ms, p99Ms };
}

/** The rows of a comparison, or the reasons why two runs cannot be compared. */
export type Comparison =
  | ({ compared: true } & Pick<RunComparison, "rows" | "notCompared">)
  | { compared: false; reasons: string[] };

/** Minimum count of repeats of each run; eight are better. */
export const fewestComparedRepeats = 6;

/** Share of the intervals that contain the true ratio. */
export const comparedConfidence = 0.99;

export const comparedMetrics: Record<ComparedMetric, MetricRule<KeptValues>> = {
  throughput: { read: ({ throughput }) => throughput, better: "higher", band: 0.05 },
  p50: { read: ({ p50Ms }) => p50Ms, better: "lower", band: 0.05 },
  p95: { read: ({ p95Ms }) => p95Ms, better: "lower", band: 0.1 },
  p99: { read: ({ p99Ms }) => p99Ms, better: "lower", band: 0.15 },
};

/**
 * Compares a run with a baseline of the same stack, machine and settings, metric by metric.
 *
 * Each value is first converted to equal speed of the machine by the calibration of its own repeat: throughput is divided
 * by it and latency multiplied, so that a machine that is slower today makes no difference. At a fixed rate the
 * throughput is the requested one and stays as it is.
 *
 * A metric is different when its 99 % interval excludes no difference (measure/bootstrap.ts) and the change exceeds the
 * metric's band: 5 % for throughput and p50, 10 % for p95, 15 % for p99. 99 %, because a run has about sixteen rows: at
 * 95 %, every third run without a difference would have a row that is different by chance.
 *
 * Simulated runs without a difference, with eight and six repeats: throughput and p50 (spread of 4 % after calibration)
 * are called different in 0.4 % and 1 % of the cases, p95 (spread of 7 %) in 0.4 % and none, p99 (spread of 10 %) in
 * 0.3 % and 1 %. A band of 5 % for p99 has 2.5 % and 3.3 %, and finds a difference of 30 % no more often (90 % and 77 %).
 * When one request in a hundred meets a stall, p99 has a spread of 50 %, and a difference of 30 % is found in 15 % of the
 * cases only.
 */
export function compareRuns(baseline: Baseline, now: Baseline): Comparison {
  const reasons = settingsDifferences(baseline, now);
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

/** Why two runs cannot be compared, as far as it is known before the run: stack, machine, settings. */
export function settingsDifferences(before: Baseline, now: Baseline): string[] {
  return [
    ...(before.stack === now.stack ? [] : [`stack was ${before.stack}, is ${now.stack}`]),
    ...sameMachine(before.machine, now.machine).reasons,
    ...planReasons(before.plan, now.plan),
  ];
}

function comparedRow(
  scenario: string,
  metric: ComparedMetric,
  plan: ComparableSettings,
  before: readonly Repeat[],
  after: readonly Repeat[],
): ComparedRow {
  const { read, better, band } = comparedMetrics[metric];
  const atEqualSpeed = (repeat: Repeat) => {
    if (better === "lower") return read(repeat) * repeat.calibration;
    return settingsIn(plan, scenario).ratePerSecond === undefined
      ? read(repeat) / repeat.calibration
      : read(repeat);
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

function planReasons(before: ComparableSettings, now: ComparableSettings): string[] {
  const ofRun = settingReasons(before, now);
  const shared = Object.keys(before.ofScenarios ?? {}).filter((scenario) => now.ofScenarios?.[scenario]);
  const ofScenarios = shared.flatMap((scenario) =>
    settingReasons(settingsIn(before, scenario), settingsIn(now, scenario))
      .filter((reason) => !ofRun.includes(reason))
      .map((reason) => `of ${scenario}, ${reason}`),
  );
  const onOff = (on: boolean) => (on ? "on" : "off");
  return [
    ...ofRun,
    ...ofScenarios,
    ...changed("users", before.users, now.users),
    ...changed("endpoint", before.endpoint, now.endpoint),
    ...changed("threads", before.threads, now.threads),
    ...changed("keep-alive", onOff(before.keepAlive), onOff(now.keepAlive)),
    ...changed("pools of the API", before.pools.join(", ") || "none", now.pools.join(", ") || "none"),
  ];
}

function changed(name: string, before: string | number, now: string | number): string[] {
  return before === now ? [] : [`${name} was ${before}, is ${now}`];
}

function settingReasons(before: LoadSettings, now: LoadSettings): string[] {
  const text = (value: number | string | undefined, unit: string) =>
    value === undefined ? "as fast as answered" : `${value}${unit}`;
  const settings: [keyof LoadSettings, string, string][] = [
    ["connections", "connections", ""],
    ["durationSeconds", "duration", " s"],
    ["warmupSeconds", "warm-up", " s"],
    ["ratePerSecond", "rate", " requests/s"],
    ["mix", "mix", ""],
  ];
  return settings.flatMap(([key, name, unit]) =>
    changed(name, text(before[key], unit), text(now[key], unit)),
  );
}
