import { type FoundCapacity, nextRate, type SearchAction, type SearchSettings } from "./rate-search.ts";
import type { StepResult } from "./step.ts";

/** Which searches there are. */
export interface CampaignPlan {
  /** Numbers of API pods, ascending. */
  pods: readonly number[];
  /** Searches of each number of pods, from 1. */
  rounds: number;
  search: SearchSettings;
}

/** One search: a number of pods in one round. */
export interface Visit {
  pods: number;
  round: number;
}

/** What a campaign does next. A rate of null is the probe. */
export type CampaignAction = ({ kind: "measure"; rate: number | null } & Visit) | { kind: "end" };

/** A finished search. */
export interface SearchResult extends Visit, FoundCapacity {}

/** The capacity is below what a closed model reaches, because its gates limit the latency. */
const shareOfProbe = 0.8;
/** Of a stack that grows. */
const shareOfLinear = 0.85;
/** Steps of a usual search, for estimates of the time. */
const usualSteps = { first: 8, later: 5 };

/**
 * All searches in order: up through the numbers of pods, then down, and so on. Each number of pods is searched early and
 * late, so a machine that gets slower during the run does not look like pods that scale badly.
 */
export function visitsOf({ pods, rounds }: Pick<CampaignPlan, "pods" | "rounds">): Visit[] {
  return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) =>
    (round % 2 === 1 ? pods : pods.toReversed()).map((count) => ({ pods: count, round })),
  );
}

/**
 * Decides what comes after the steps so far. It keeps no state: a run that was interrupted goes on from its steps.
 *
 * @param steps all steps of the campaign, in order
 */
export function nextAction(plan: CampaignPlan, steps: readonly StepResult[]): CampaignAction {
  const found: SearchResult[] = [];
  for (const visit of visitsOf(plan)) {
    const own = steps.filter((step) => step.pods === visit.pods && step.round === visit.round);
    const action = nextOfVisit(plan, visit, own, found);
    if (action === "probe") return { kind: "measure", rate: null, ...visit };
    if (action.kind === "measure") return { ...action, ...visit };
    found.push({ ...visit, ...action.found });
  }
  return { kind: "end" };
}

/** The searches that have ended, in order. */
export function resultsOf(plan: CampaignPlan, steps: readonly StepResult[]): SearchResult[] {
  const found: SearchResult[] = [];
  for (const visit of visitsOf(plan)) {
    const own = steps.filter((step) => step.pods === visit.pods && step.round === visit.round);
    const action = nextOfVisit(plan, visit, own, found);
    if (action === "probe" || action.kind === "measure") break;
    found.push({ ...visit, ...action.found });
  }
  return found;
}

/** @param own the steps of this search @param found the searches before it */
function nextOfVisit(
  { search }: CampaignPlan,
  { pods }: Visit,
  own: readonly StepResult[],
  found: readonly SearchResult[],
): SearchAction | "probe" {
  const known = found.findLast((result) => result.pods === pods);
  if (known) return nextRate(search, known.rate, own, 1 + 2 * search.precision);
  const nearest = found.toSorted((a, b) => Math.abs(a.pods - pods) - Math.abs(b.pods - pods))[0];
  if (nearest) return nextRate(search, expected(nearest, pods), own);
  const probes = own.filter(({ rate }) => rate === null);
  const probe = probes.find(({ verdict }) => verdict !== "invalid");
  if (!probe && probes.length <= search.maxInvalid) return "probe";
  const first = (probe?.achieved ?? 0) * shareOfProbe || search.minRate * 10;
  return nextRate(
    search,
    first,
    own.filter(({ rate }) => rate !== null),
  );
}

/** The rate that another number of pods is likely to carry. */
function expected({ pods: from, rate }: SearchResult, pods: number): number {
  return pods > from ? Math.max(rate, (rate * pods * shareOfLinear) / from) : (rate * pods) / from;
}

/** The searches that a campaign has not begun, and the usual number of steps that it has left. */
export function remaining(
  plan: CampaignPlan,
  steps: readonly StepResult[],
): { visits: number; steps: number } {
  const visits = visitsOf(plan);
  const ended = resultsOf(plan, steps).length;
  const usual = (visit: Visit) => (visit.round === 1 ? usualSteps.first : usualSteps.later);
  const open = visits.slice(ended);
  const [current] = open;
  const done = current
    ? steps.filter(({ pods, round }) => pods === current.pods && round === current.round).length
    : 0;
  const rest = open.map((visit, index) => Math.max(1, usual(visit) - (index === 0 ? done : 0)));
  return {
    visits: Math.max(0, open.length - (done > 0 ? 1 : 0)),
    steps: rest.reduce((sum, count) => sum + count, 0),
  };
}

/** Upper bound of the number of steps of a campaign. */
export function mostSteps(plan: CampaignPlan): number {
  const { maxSteps, maxInvalid } = plan.search;
  return visitsOf(plan).length * (maxSteps + maxInvalid) + maxInvalid + 1;
}
