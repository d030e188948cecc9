import type { StepResult } from "./step.ts";

/** Bounds and precision of one search. */
export interface SearchSettings {
  /** Lowest and highest rate that is tried, in requests per second. */
  minRate: number;
  maxRate: number;
  /** The search ends when the lowest failed rate is at most this share above the highest passed rate; 0.01 … 0.5. */
  precision: number;
  /** Maximum number of steps, from 3. */
  maxSteps: number;
  /** Invalid steps in a row at one rate after which the search ends. */
  maxInvalid: number;
}

/**
 * The end of one search. `found`: between two rates. `at least`: no rate failed, because the search was bounded or the
 * load generator was the limit. `below`: no rate passed. `not measured`: every step was invalid.
 */
export type SearchEnd = "found" | "at least" | "below" | "not measured";

/** The capacity of one number of pods, as one search has found it. */
export interface FoundCapacity {
  end: SearchEnd;
  /** Geometric mean of both ends; for `at least` the highest passed rate, for `below` the lowest failed one, else 0. */
  rate: number;
  /** Highest passed and lowest failed rate; null: none. */
  passed: number | null;
  failed: number | null;
  /** Why the search ended without both; empty when it has them. */
  reason: string;
}

/** The next thing that a search does. */
export type SearchAction = { kind: "measure"; rate: number } | { kind: "end"; found: FoundCapacity };

/** Steps outwards grow, so that a wrong first rate is left behind soon. */
const growth = [1.25, 1.5, 2, 3];

/**
 * Decides the next step of a search from its steps so far: outwards from the first rate until one rate has passed and one
 * has failed, then bisection of the ratio. It keeps no state, so a search goes on wherever its steps were kept.
 *
 * One step is a noisy measurement: a pause of the machine makes a rate fail that the stack carries. So a failed step is
 * repeated, and the rate fails when two of three steps do. Invalid steps are repeated and decide nothing.
 *
 * @param first the rate to begin with, in requests per second
 * @param outwards ratio of the first step outwards, above 1; default: a quarter. A search that knows the capacity
 * already takes a small one.
 * @param steps all steps of this search, in order, without the probe
 */
export function nextRate(
  settings: SearchSettings,
  first: number,
  steps: readonly StepResult[],
  outwards?: number,
): SearchAction {
  const { minRate, maxRate, precision, maxSteps, maxInvalid } = settings;
  const bounded = (rate: number) => Math.min(maxRate, Math.max(minRate, readable(rate)));
  const measure = (rate: number): SearchAction => ({ kind: "measure", rate });
  const rates = decideRates(steps);
  const passed = highest(rates.filter(({ decision }) => decision === "pass"));
  const failed = lowest(rates.filter(({ decision }) => decision === "fail"));
  const last = rates.find(({ rate }) => rate === steps.at(-1)?.rate);
  const end = (reason = "") => ({ kind: "end", found: foundBetween(passed, failed, reason) }) as const;

  if (last?.decision === "open") {
    if (last.invalidInARow > maxInvalid) return end(`${readable(last.rate)} /s could not be measured`);
    if (steps.length < maxSteps + maxInvalid) return measure(last.rate);
  }
  if (steps.length >= maxSteps) return end(`the search ended after ${maxSteps} steps`);
  if (passed === undefined && failed === undefined) return measure(bounded(first));
  if (failed === undefined) {
    const rate = bounded((passed ?? first) * outward(rates, "pass", outwards));
    return rate === passed ? end(`the search ended at its highest rate, ${maxRate} /s`) : measure(rate);
  }
  if (passed === undefined) {
    const rate = bounded(failed / outward(rates, "fail", outwards));
    return rate === failed ? end(`the lowest rate, ${minRate} /s, failed`) : measure(rate);
  }
  const middle = bounded(Math.sqrt(passed * failed));
  const isNarrow = failed / passed <= 1 + precision || middle <= passed || middle >= failed;
  return isNarrow ? end() : measure(middle);
}

interface DecidedRate {
  rate: number;
  decision: "pass" | "fail" | "open";
  invalidInARow: number;
}

function decideRates(steps: readonly StepResult[]): DecidedRate[] {
  const rates = [...new Set(steps.flatMap(({ rate }) => rate ?? []))];
  return rates.map((rate) => {
    const verdicts = steps.filter((step) => step.rate === rate).map(({ verdict }) => verdict);
    const valid = verdicts.filter((verdict) => verdict !== "invalid");
    const passes = valid.filter((verdict) => verdict === "pass").length;
    const fails = valid.length - passes;
    const isPassed = valid[0] === "pass" || passes >= 2;
    return {
      rate,
      decision: isPassed ? "pass" : fails >= 2 ? "fail" : "open",
      invalidInARow: verdicts.length - 1 - verdicts.findLastIndex((verdict) => verdict !== "invalid"),
    };
  });
}

const highest = (rates: readonly DecidedRate[]): number | undefined =>
  rates.length === 0 ? undefined : Math.max(...rates.map(({ rate }) => rate));
const lowest = (rates: readonly DecidedRate[]): number | undefined =>
  rates.length === 0 ? undefined : Math.min(...rates.map(({ rate }) => rate));

function outward(rates: readonly DecidedRate[], decision: "pass" | "fail", outwards: number | undefined) {
  const count = rates.filter((rate) => rate.decision === decision).length;
  const ratios = outwards === undefined ? growth : [outwards, ...growth];
  return ratios[Math.min(count, ratios.length) - 1] ?? 2;
}

function foundBetween(passed: number | undefined, failed: number | undefined, reason: string): FoundCapacity {
  const ends = { passed: passed ?? null, failed: failed ?? null };
  if (passed !== undefined && failed !== undefined)
    return { end: "found", rate: Math.sqrt(passed * failed), ...ends, reason };
  if (passed !== undefined) return { end: "at least", rate: passed, ...ends, reason };
  return { end: failed === undefined ? "not measured" : "below", rate: failed ?? 0, ...ends, reason };
}

/** A rate with three digits, which a reader can remember: 1234 becomes 1230. */
export function readable(rate: number): number {
  return Number(rate.toPrecision(3));
}
