import type { RunReport, ScenarioReport } from "../../loadtest/report/report-schema.ts";
import type { StepVerdict } from "../search/step.ts";

/** The judgement of one step. */
export interface StepJudgement {
  verdict: StepVerdict;
  reason: string;
  /** Good responses per second. */
  achieved: number;
  p99Ms: number | null;
}

/** Share of the due requests that must have a good response within the measured time. */
const keptUp = 0.97;
/** Responses that may be late at the end of the measured time, at low rates. */
const lateResponses = 2;

/**
 * Judges a step by the report of its load test. The load test's own verdicts count: a failed gate fails, an invalid or broken
 * run is invalid. A rate that the stack does not keep up with fails, too: with lax gates, requests could queue for the
 * whole step.
 *
 * @param rate requests per second that were due; null: the probe, which passes when it measured anything
 * @param idlePods API pods without a request
 */
export function judgeStep(
  { verdict, reason, scenarios, problems }: Pick<RunReport, "verdict" | "reason" | "scenarios" | "problems">,
  rate: number | null,
  idlePods: readonly string[],
): StepJudgement {
  const [load] = scenarios;
  const measured = { achieved: load?.requestsPerSecond ?? 0, p99Ms: p99Of(load) };
  const judged = (step: StepVerdict, why: string): StepJudgement => ({
    verdict: step,
    reason: why,
    ...measured,
  });
  if (!load) return judged("invalid", problems[0] ?? reason);
  if (rate === null)
    return measured.achieved > 0
      ? judged("pass", `${load.connections} connections without pauses`)
      : judged("invalid", reason);
  if (verdict === "broken" || verdict === "invalid") return judged("invalid", reason);
  if (idlePods.length > 0) return judged("invalid", `the gateway sent no request to ${idlePods.join(", ")}`);
  if (verdict === "gate failed") return judged("fail", reason);
  const wanted = Math.min(rate * keptUp, rate - lateResponses / load.durationSeconds);
  if (measured.achieved < wanted)
    return judged(
      "fail",
      `${measured.achieved.toFixed(1)} good responses per second to ${rate} due requests: the others waited`,
    );
  return judged("pass", reason);
}

function p99Of(load: ScenarioReport | undefined): number | null {
  const p99 = load?.latency.p99Ms;
  return p99 !== undefined && Number.isFinite(p99) ? p99 : null;
}
