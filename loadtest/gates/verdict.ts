import type { exitCodes } from "../../contract/user-error.ts";
import type { GateResult } from "./gates.ts";

/** How a run ended. Wrong usage never becomes a run. */
export type Verdict = Exclude<keyof typeof exitCodes, "wrong usage">;

/** What went wrong with a run itself, not with the stack. */
export interface Problems {
  /** It could not be made, or not be measured: gaps in the samples, a generator that died. */
  broken: readonly string[];
  /** It was made and measured, and says nothing about the stack: the generator was the limit, it was interrupted. */
  invalid: readonly string[];
}

/**
 * Judges a finished run. A failed gate outranks everything, because what was seen stays true (figures that the generator
 * spoilt fail no gate); so does a figure that is worse than the baseline's; then what was not measured, which cannot pass; then what makes the run say nothing.
 */
export function judge(
  gates: GateResult[],
  problems: Problems,
  worse: readonly string[] = [],
): { verdict: Verdict; reason: string } {
  const failed = gates.find((gate) => gate.verdict === "fail");
  if (failed) return { verdict: "gate failed", reason: failed.reason };
  const [regression] = worse;
  if (regression !== undefined) return { verdict: "gate failed", reason: regression };
  const [broken] = problems.broken;
  if (broken !== undefined) return { verdict: "broken", reason: broken };
  const [invalid] = problems.invalid;
  if (invalid !== undefined) return { verdict: "invalid", reason: invalid };
  const open = gates.find((gate) => gate.verdict !== "pass");
  if (open) return { verdict: open.verdict === "invalid" ? "invalid" : "broken", reason: open.reason };
  if (gates.length === 0) return { verdict: "broken", reason: "no gate was measured" };
  return { verdict: "pass", reason: `${gates.length} gates passed` };
}
