import type { UserError } from "../../contract/user-error.ts";
import { type CampaignPlan, nextAction, remaining, type Visit } from "../search/campaign.ts";
import type { MeasuredStep } from "../search/step.ts";

/** Time that changing the number of pods takes, in seconds, until one change was measured. */
const usualScaleSeconds = 30;
/** Time that a step takes beside its load: preparation, and the last look at the pods. */
const usualExtraSeconds = 8;
/** Steps in a row that could not begin, after which the run ends. */
const mostFailures = 3;

/** What a campaign does to the world. */
export interface CampaignEffects {
  /** Changes the number of API pods. */
  scaleTo(pods: number): Promise<void>;
  /** Measures one step. @throws {Error} when the load test could not begin */
  measure(step: Visit & { rate: number | null }): Promise<MeasuredStep>;
  /** Keeps the steps so far. */
  save(steps: readonly MeasuredStep[]): Promise<void>;
  /** Reports a step that ended. @param leftSeconds estimate of the time that is left */
  report(step: MeasuredStep, leftSeconds: number): void;
  /** Current time, epoch ms. */
  now(): number;
}

/**
 * Runs a campaign to its end.
 *
 * @param steps of an earlier run; new ones are added to a copy
 * @param loadSeconds duration and warm-up of a step
 * @returns all steps
 * @throws {Error} of an effect; three steps in a row that could not begin. The steps until then are saved.
 */
export async function runCampaign(
  plan: CampaignPlan,
  steps: readonly MeasuredStep[],
  loadSeconds: number,
  effects: CampaignEffects,
): Promise<MeasuredStep[]> {
  const all = [...steps];
  const scaleSeconds: number[] = [];
  let pods: number | undefined;
  let failures = 0;
  for (;;) {
    const action = nextAction(plan, all);
    if (action.kind === "end") return all;
    if (action.pods !== pods) {
      const startedMs = effects.now();
      await effects.scaleTo(action.pods);
      scaleSeconds.push((effects.now() - startedMs) / 1000);
      pods = action.pods;
    }
    const { round, rate } = action;
    const startedMs = effects.now();
    const step = await effects.measure({ pods, round, rate }).catch((error: UserError): MeasuredStep => {
      failures += 1;
      if (error.exitCode === 130 || failures >= mostFailures) throw error;
      const tookSeconds = (effects.now() - startedMs) / 1000;
      const base = { pods: action.pods, round, rate, startedMs, tookSeconds };
      return { ...base, verdict: "invalid", reason: error.message, achieved: 0, p99Ms: null, metrics: null };
    });
    if (step.metrics !== null || step.achieved > 0) failures = 0;
    all.push(step);
    await effects.save(all);
    effects.report(step, secondsLeft(plan, all, loadSeconds, scaleSeconds));
  }
}

/**
 * Estimates the time that a campaign still takes, in seconds.
 *
 * @param scaleSeconds measured times of changes of the number of pods; empty: a usual one
 */
export function secondsLeft(
  plan: CampaignPlan,
  steps: readonly MeasuredStep[],
  loadSeconds: number,
  scaleSeconds: readonly number[] = [],
): number {
  const left = remaining(plan, steps);
  const recent = steps.slice(-10).map(({ tookSeconds }) => tookSeconds);
  const step = recent.length === 0 ? loadSeconds + usualExtraSeconds : mean(recent);
  const scale = scaleSeconds.length === 0 ? usualScaleSeconds : mean(scaleSeconds);
  return left.steps * step + left.visits * scale;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
