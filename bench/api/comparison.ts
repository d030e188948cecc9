import { pairedRatio, type Ratio } from "../../measure/bootstrap.ts";

/** What one arm of a part gave in each round. */
export type Samples = Map<string, number[]>;

/** A ratio that is to be reached. */
export interface Target {
  part: string;
  /** The arm whose figure is divided by that of `by`. */
  of: string;
  by: string;
  unit: string;
  /** Absent: told for information. */
  atLeast?: number;
  atMost?: number;
}

/** `open`: the interval has the target in it. */
export type Verdict = "met" | "missed" | "open" | "none";

export interface Comparison extends Target, Ratio {
  verdict: Verdict;
}

/** Compares two arms round by round. */
export function compare(target: Target, samples: Samples): Comparison {
  const of = samples.get(target.of) ?? [];
  const by = samples.get(target.by) ?? [];
  const ratio = pairedRatio(by.map((value, round) => [value, of[round] ?? Number.NaN] as const));
  return { ...target, ...ratio, verdict: judge(target, ratio) };
}

/** A target is met, or missed, when all of the interval is on that side. */
export function judge(
  { atLeast, atMost }: Pick<Target, "atLeast" | "atMost">,
  { low, high }: Pick<Ratio, "low" | "high">,
): Verdict {
  if (atLeast === undefined && atMost === undefined) return "none";
  if ((atLeast ?? 0) <= low && high <= (atMost ?? Number.POSITIVE_INFINITY)) return "met";
  if (high < (atLeast ?? 0) || low > (atMost ?? Number.POSITIVE_INFINITY)) return "missed";
  return "open";
}
