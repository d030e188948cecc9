import type { Verdict } from "../report/report-schema.ts";
import type { GateResult } from "../report/schema/gate.ts";

/** Problems of the run itself, not of the stack. */
export interface Problems {
  /** The run could not be made or measured: gaps in the samples, a generator that died. */
  broken: string[];
  /** The run was measured, but says nothing about the stack: the generator was the limit, or it was interrupted. */
  invalid: string[];
}

/**
 * Judges a finished run. Precedence: failed gate, other failure, not measured, invalid. A failed gate comes first because
 * a value that a too slow generator distorts fails no gate.
 *
 * @param failures other failures of the stack, one sentence each: a comparison whose verdict is worse, no recovery from a
 * fault
 */
export function judgeRun(
  gates: readonly GateResult[],
  problems: Problems,
  failures: readonly string[] = [],
): { verdict: Verdict; reason: string } {
  const failed = gates.find((gate) => gate.verdict === "fail");
  if (failed) return { verdict: "gate failed", reason: failed.reason };
  const [failure] = failures;
  if (failure !== undefined) return { verdict: "gate failed", reason: failure };
  const [broken] = problems.broken;
  if (broken !== undefined) return { verdict: "broken", reason: broken };
  const [invalid] = problems.invalid;
  if (invalid !== undefined) return { verdict: "invalid", reason: invalid };
  const open = gates.find((gate) => gate.verdict !== "pass");
  if (open) return { verdict: open.verdict === "invalid" ? "invalid" : "broken", reason: open.reason };
  if (gates.length === 0) return { verdict: "broken", reason: "no gate was measured" };
  return { verdict: "pass", reason: `${gates.length} gates passed` };
}
