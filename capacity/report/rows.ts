import { formatMs } from "../../loadtest/gates/format-value.ts";
import type { CapacityReport } from "./schema.ts";

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const rateText = (value: number | null): string => (value === null ? "–" : whole(value));

export const searchHead = ["pods", "round", "capacity /s", "passed", "failed", "end"];

/** The cells of a search below `searchHead`. */
export function searchCells({ pods, round, end, rate, passed, failed }: CapacityReport["searches"][number]) {
  return [String(pods), String(round), rateText(rate), rateText(passed), rateText(failed), end];
}

export const stepHead = ["verdict", "pods", "round", "rate", "served", "p99", "reason"];

/** The cells of a step below `stepHead`. */
export function stepCells(step: CapacityReport["steps"][number]): string[] {
  const { verdict, pods, round, rate, achieved, p99Ms, reason } = step;
  return [
    verdict,
    String(pods),
    String(round),
    rate === null ? "probe" : whole(rate),
    whole(achieved),
    formatMs(p99Ms ?? Number.NaN),
    reason,
  ];
}

export const parameterHead = ["parameter", "value", "95 % interval", "meaning"];

/** The rows of the law's parameters below `parameterHead`. */
export function parameterRows({ lambda, sigma, kappa, peakPods }: NonNullable<CapacityReport["scaling"]>) {
  type Ends = { value: number; low: number; high: number } | null;
  const row = (name: string, ends: Ends, show: (value: number) => string, meaning: string) => [
    name,
    ends ? show(ends.value) : "not known",
    ends ? `${show(ends.low)} to ${show(ends.high)}` : "–",
    meaning,
  ];
  const small = (value: number) => value.toFixed(4);
  const pods = (value: number | null) => (value === null ? "no end" : value.toFixed(0));
  return [
    row("λ", lambda, (value) => `${whole(value)} /s`, "requests per second of one pod"),
    row("σ", sigma, small, "contention: share of the work that pods do one after the other"),
    row("κ", kappa, small, "coherency: cost of what every pod exchanges with every other"),
    [
      "peak",
      peakPods ? pods(peakPods.value) : "not known",
      peakPods ? `${pods(peakPods.low)} to ${pods(peakPods.high)}` : "–",
      "number of pods after which more pods carry less",
    ],
  ];
}

/** A row for each size that stack config needs. */
export function adviceCells({
  option,
  value,
  isChange,
  reason,
}: NonNullable<CapacityReport["sizing"]>["advice"][number]): string[] {
  return [option, value ?? "–", isChange ? "change" : "as now", reason];
}
