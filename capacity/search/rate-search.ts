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
  /** Number of invalid steps in a row that are repeated at one rate. */
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
 * repeated, and the rate fails when two of three steps do. Invalid steps are repeated and decide nothing; a rate at which too
 * many in a row are invalid bounds the search, as one that the load generator cannot make.
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
  const rates = decideRates(steps, maxInvalid);
  const withDecision = (decision: DecidedRate["decision"]) =>
    rates.filter((each) => each.decision === decision).map(({ rate }) => rate);
  const passed = largest(withDecision("pass"));
  const failed = smallest(withDecision("fail"));
  const blocked = smallest(withDecision("unmeasurable").filter((rate) => rate > (passed ?? 0)));
  const ceiling = smallest([failed, blocked].filter((rate) => rate !== undefined));
  const end = (reason = "") => ({ kind: "end", found: foundBetween(passed, failed, reason) }) as const;

  const open = rates.find(({ rate, decision }) => decision === "open" && rate === steps.at(-1)?.rate);
  if (open && steps.length < maxSteps + maxInvalid) return measure(open.rate);
  if (steps.length >= maxSteps) return end(`the search ended after ${maxSteps} steps`);
  if (passed === undefined && ceiling === undefined) return measure(bounded(first));
  if (ceiling === undefined) {
    const rate = bounded((passed ?? first) * outward(withDecision("pass").length, outwards));
    return rate === passed ? end(`the search ended at its highest rate, ${maxRate} /s`) : measure(rate);
  }
  const couldNot = ceiling === blocked ? `${blocked} /s could not be measured` : "";
  if (passed === undefined) {
    const tried = rates.filter(({ decision }) => decision !== "open").length;
    const rate = bounded(ceiling / outward(tried, outwards));
    return rate === ceiling ? end(couldNot || `the lowest rate, ${ceiling} /s, failed`) : measure(rate);
  }
  const middle = bounded(Math.sqrt(passed * ceiling));
  const isNarrow = ceiling / passed <= 1 + precision || middle <= passed || middle >= ceiling;
  return isNarrow ? end(couldNot) : measure(middle);
}

interface DecidedRate {
  rate: number;
  /** `open`: more steps are needed. `unmeasurable`: too many of its steps in a row were invalid. */
  decision: "pass" | "fail" | "open" | "unmeasurable";
}

function decideRates(steps: readonly StepResult[], maxInvalid: number): DecidedRate[] {
  const rates = [...new Set(steps.flatMap(({ rate }) => rate ?? []))];
  return rates.map((rate) => {
    const verdicts = steps.filter((step) => step.rate === rate).map(({ verdict }) => verdict);
    return { rate, decision: decide(verdicts, maxInvalid) };
  });
}

function decide(verdicts: readonly StepResult["verdict"][], maxInvalid: number): DecidedRate["decision"] {
  const valid = verdicts.filter((verdict) => verdict !== "invalid");
  const passes = valid.filter((verdict) => verdict === "pass").length;
  if (valid[0] === "pass" || passes >= 2) return "pass";
  if (valid.length - passes >= 2) return "fail";
  const lastValid = verdicts.findLastIndex((verdict) => verdict !== "invalid");
  return verdicts.length - 1 - lastValid > maxInvalid ? "unmeasurable" : "open";
}

const largest = (rates: readonly number[]): number | undefined =>
  rates.length === 0 ? undefined : Math.max(...rates);
const smallest = (rates: readonly number[]): number | undefined =>
  rates.length === 0 ? undefined : Math.min(...rates);

/** The ratio of the next step outwards. @param count of the steps outwards so far, from 1 */
function outward(count: number, first: number | undefined): number {
  const ratios = first === undefined ? growth : [first, ...growth];
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
