import { pairedRatio, type Ratio } from "../../measure/bootstrap.ts";

/** The measured values of each server, one for each round. */
export type Samples = Map<string, number[]>;

/** A ratio between two servers, and its target. */
export interface Target {
  part: string;
  /** The server whose values are divided by those of `by`. */
  of: string;
  by: string;
  unit: string;
  /** Minimum ratio. A target without limits is reported for information. */
  atLeast?: number;
  /** Maximum ratio. */
  atMost?: number;
}

/** `open`: the interval contains the limit. `none`: there is no limit. */
export type Verdict = "met" | "missed" | "open" | "none";

export interface Comparison extends Target, Ratio {
  verdict: Verdict;
}

/** Compares two servers round by round. */
export function compare(target: Target, samples: Samples): Comparison {
  const of = samples.get(target.of) ?? [];
  const by = samples.get(target.by) ?? [];
  const ratio = pairedRatio(by.map((value, round) => [value, of[round] ?? Number.NaN] as const));
  return { ...target, ...ratio, verdict: judge(target, ratio) };
}

/** A target is met or missed only when the whole interval is on that side of the limit. */
export function judge(
  { atLeast, atMost }: Pick<Target, "atLeast" | "atMost">,
  { low, high }: Pick<Ratio, "low" | "high">,
): Verdict {
  if (atLeast === undefined && atMost === undefined) return "none";
  if ((atLeast ?? 0) <= low && high <= (atMost ?? Number.POSITIVE_INFINITY)) return "met";
  if (high < (atLeast ?? 0) || low > (atMost ?? Number.POSITIVE_INFINITY)) return "missed";
  return "open";
}
