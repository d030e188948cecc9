import type { GateResult } from "./gates.ts";

/** How a run ended, and the exit code that says so. Wrong usage (2) never becomes a run. */
export const exitCodes = { pass: 0, broken: 1, "wrong usage": 2, "gate failed": 99 } as const;

export type Verdict = Exclude<keyof typeof exitCodes, "wrong usage">;

/** The run could not be made or not be measured; `fix` says what the person at the terminal can do. */
export class Broken extends Error {
  readonly fix: string;

  constructor(what: string, fix: string, options: { cause?: unknown } = {}) {
    super(what, options);
    this.name = "Broken";
    this.fix = fix;
  }
}

/** The command line is wrong; the message names the flag, the value and the rule. */
export class WrongUsage extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WrongUsage";
  }
}

/**
 * Judges a finished run. A failed gate outranks missing measurements, because what was seen stays true;
 * without a failed gate, anything missing makes the run broken: what was not measured cannot pass.
 *
 * @param problems what went wrong with the run itself: gaps in the samples, an interruption, a generator that died
 */
export function judge(gates: GateResult[], problems: string[]): { verdict: Verdict; reason: string } {
  const failed = gates.find((gate) => gate.verdict === "fail");
  if (failed) return { verdict: "gate failed", reason: failed.reason };
  const problem = problems[0];
  if (problem !== undefined) return { verdict: "broken", reason: problem };
  const unmeasured = gates.find((gate) => gate.verdict === "not measured");
  if (unmeasured) return { verdict: "broken", reason: unmeasured.reason };
  if (gates.length === 0) return { verdict: "broken", reason: "no gate was measured" };
  return { verdict: "pass", reason: `${gates.length} gates passed` };
}
