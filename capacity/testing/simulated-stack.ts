import { type Random, seededRandom } from "../../measure/random.ts";
import { capacityOf, type ScalingLaw } from "../law/law.ts";
import { type CampaignPlan, nextAction } from "../search/campaign.ts";
import type { StepResult } from "../search/step.ts";

/** A stack with a known capacity, and what makes measurements of it hard. */
export interface SimulatedStack {
  law: ScalingLaw;
  /** Standard deviation of the capacity from step to step, as a share. */
  noise?: number;
  /** Change of the capacity over the whole run, as a share of each step: −0.001 loses 0.1 % with every step. */
  drift?: number;
  /** Share of the steps that are invalid. */
  invalid?: number;
  /** Share of the steps in which a pause of the machine makes any rate fail. */
  pauses?: number;
  seed?: number;
}

/** Runs a campaign against a simulated stack. @returns its steps @throws {Error} when it does not end */
export function simulate(plan: CampaignPlan, stack: SimulatedStack, mostSteps = 2000): StepResult[] {
  const { law, noise = 0, drift = 0, invalid = 0, pauses = 0, seed = 1 } = stack;
  const random = seededRandom(seed);
  const normal = normalNumbers(random);
  const steps: StepResult[] = [];
  for (;;) {
    const action = nextAction(plan, steps);
    if (action.kind === "end") return steps;
    if (steps.length >= mostSteps) throw new Error(`the campaign did not end after ${mostSteps} steps`);
    const { pods, round, rate } = action;
    const capacity = capacityOf(law, pods) * (1 + drift) ** steps.length * Math.exp(noise * normal());
    const isPaused = random() < pauses;
    const isInvalid = random() < invalid;
    const passes = rate === null || (rate <= capacity && !isPaused);
    const verdict = isInvalid ? "invalid" : passes ? "pass" : "fail";
    steps.push({ pods, round, rate, verdict, achieved: Math.min(rate ?? capacity * 1.2, capacity * 1.2) });
  }
}

/** Standard normal numbers, by Box and Muller (1958). */
export function normalNumbers(random: Random): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The plan of a run with the default options. */
export function samplePlan(more: Partial<CampaignPlan> = {}): CampaignPlan {
  const search = { minRate: 10, maxRate: 100_000, precision: 0.05, maxSteps: 20, maxInvalid: 2 };
  return { pods: [1, 2, 3], rounds: 3, search, ...more };
}
