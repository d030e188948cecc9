import type { Workload } from "../../contract/outputs.ts";
import type { Scaling } from "../law/scaling.ts";
import type { RoleCpu, StepMetrics } from "./step-metrics.ts";

/** The load that a stack is to carry. */
export interface Wish {
  /** Requests per second. */
  rate: number;
  /** Share that comes on top of the rate, from 0: 0.3 is 30 %. */
  headroom: number;
}

/** One workload as it is deployed now. */
export interface PresentSize {
  role: Workload["role"];
  replicas: number;
  /** CPU limit of a pod; null: none. */
  limitCores: number | null;
}

/** A step's CPU time with the rate that it served. */
export interface ServedStep {
  /** Good responses per second. */
  achieved: number;
  metrics: StepMetrics | null;
}

/** A size of stack config that the wish means. */
export interface SizeAdvice {
  /** Path in stack config. */
  option: string;
  /** Value for `pulumi config set`; null: none can be given. */
  value: string | null;
  /** Whether another value than now is needed. */
  isChange: boolean;
  reason: string;
}

/**
 * How sure the number of API pods is. `measured`: it lies within the measured numbers. `extrapolated`: up to twice as many.
 * `far`: beyond that, a guess. `unreachable`: no number of pods carries the rate, as far as is known.
 */
export type SizeCertainty = "measured" | "extrapolated" | "far" | "unreachable";

/** What a wished rate means for the stack. */
export interface Sizing extends Wish {
  /** Requests per second that the stack must carry: the rate with its headroom. */
  needed: number;
  /** Lowest number of pods whose capacity is at least the needed one in 97.5 % of cases; null: none is known. */
  pods: number | null;
  /** Lowest number of pods that carries it by the best fit; null: none. */
  likelyPods: number | null;
  certainty: SizeCertainty;
  /** The finding in one sentence. */
  sentence: string;
  advice: SizeAdvice[];
}

/** Largest `api.replicas` that stack config accepts. */
const maxPods = 500;
/** A pod that is busier than this has no time for the peaks within a second. */
const targetUse = 0.7;
/** Factor of the measured numbers of pods up to which a prediction is more than a guess. */
const extrapolation = 2;

/**
 * The sizes that a wished rate means. API pods follow from the scaling law. The other roles follow from their CPU time for
 * each request, which is taken as constant, at 70 % of their CPU limits. No size is ever smaller than now: there may be other
 * reasons for it.
 */
export function sizeFor(
  wish: Wish,
  scaling: Scaling,
  present: readonly PresentSize[],
  steps: readonly ServedStep[],
): Sizing {
  const needed = wish.rate * (1 + wish.headroom);
  const counts = Array.from({ length: maxPods }, (_, index) => index + 1);
  const likelyPods = counts.find((count) => scaling.at(count).value >= needed) ?? null;
  const pods = counts.find((count) => (scaling.at(count).low ?? 0) >= needed) ?? null;
  const certainty = certaintyOf(pods, likelyPods, scaling.measuredPods);
  return {
    ...wish,
    needed,
    pods,
    likelyPods,
    certainty,
    sentence: sentenceOf({ ...wish, needed, pods, likelyPods }, certainty, scaling),
    advice: [
      apiReplicas(pods ?? likelyPods, present, certainty),
      ...apiCpu(present, steps),
      ...otherRoles(needed, present, steps),
    ],
  };
}

function certaintyOf(pods: number | null, likely: number | null, measuredPods: number): SizeCertainty {
  if (pods === null) return likely === null ? "unreachable" : "far";
  if (pods <= measuredPods) return "measured";
  return pods <= extrapolation * measuredPods ? "extrapolated" : "far";
}

function sentenceOf(
  { rate, headroom, needed, pods, likelyPods }: Omit<Sizing, "certainty" | "sentence" | "advice">,
  certainty: SizeCertainty,
  { knowledge, measuredPods, peak, at }: Scaling,
): string {
  const load = `${whole(rate)} /s with ${percent(headroom)} headroom are ${whole(needed)} /s`;
  if (certainty === "unreachable") {
    const most = Number.isFinite(peak?.value ?? Number.NaN) ? Math.round(peak?.value ?? 1) : maxPods;
    return `${load}: no number of API pods carries that by the fit; ${most} pods carry most, ${whole(at(most).value)} /s. Look at what limits first`;
  }
  if (pods === null) {
    const why =
      knowledge === "law"
        ? "the measurements do not exclude that the stack stops growing before"
        : `${knowledge === "one" ? "one number of pods says nothing" : "two numbers of pods say too little"} about how it grows`;
    return `${load}: perhaps ${likelyPods} API pods, but ${why}. Measure more numbers of pods`;
  }
  const range = likelyPods === pods ? `${pods}` : `${pods} (by the best fit ${likelyPods})`;
  const reach =
    certainty === "measured"
      ? "which was measured"
      : `${certainty === "far" ? "a guess" : "extrapolated"} from at most ${measuredPods} pods; measure it before you rely on it`;
  return `${load}: ${range} API pods, ${reach}`;
}

function apiReplicas(
  pods: number | null,
  present: readonly PresentSize[],
  certainty: SizeCertainty,
): SizeAdvice {
  const now = present.find(({ role }) => role === "api")?.replicas ?? 0;
  if (pods === null)
    return { option: "api.replicas", value: null, isChange: false, reason: "no number of pods is enough" };
  return {
    option: "api.replicas",
    value: String(pods),
    isChange: pods !== now,
    reason: `now ${now}; ${certainty}`,
  };
}

/** `api.cpu` belongs to the measured capacity of a pod, so it stays. */
function apiCpu(present: readonly PresentSize[], steps: readonly ServedStep[]): SizeAdvice[] {
  const limit = present.find(({ role }) => role === "api")?.limitCores ?? null;
  if (limit === null) return [];
  const busiest = Math.max(0, ...steps.flatMap(({ metrics }) => cpuOf(metrics, "api")?.busiestCores ?? []));
  const used = busiest > 0 ? `; the busiest pod used ${Number(busiest.toFixed(2))} cores` : "";
  return [
    {
      option: "api.cpu",
      value: millicores(limit),
      isChange: false,
      reason: `as measured: with another limit a pod has another capacity${used}`,
    },
  ];
}

function otherRoles(
  needed: number,
  present: readonly PresentSize[],
  steps: readonly ServedStep[],
): SizeAdvice[] {
  return present.flatMap(({ role, replicas, limitCores }): SizeAdvice[] => {
    if (role === "api" || limitCores === null || replicas === 0) return [];
    const costs = steps.flatMap(({ achieved, metrics }) => {
      const cpu = cpuOf(metrics, role);
      return cpu && achieved > 0 ? [{ achieved, busiest: cpu.busiestCores / achieved, cpu }] : [];
    });
    // At low rates, work that is not for requests counts too much.
    const cost = costs.sort((a, b) => b.achieved - a.achieved)[0];
    if (!cost) return [];
    const busiest = cost.busiest * needed;
    const factor = busiest / (limitCores * targetUse);
    const reason = `at ${whole(needed)} /s the busiest pod uses ${Number(busiest.toFixed(2))} of ${Number(limitCores.toFixed(2))} cores, if its CPU time for each request stays`;
    const isChange = factor > 1;
    if (role === "nginx")
      return [
        {
          option: "nginx.replicas",
          value: String(Math.ceil(replicas * Math.max(1, factor))),
          isChange,
          reason,
        },
      ];
    const cpu = millicores(Math.max(limitCores, busiest / targetUse));
    if (role === "database") return [{ option: "database.cpu", value: cpu, isChange, reason }];
    const more = isChange ? `; or ${factor.toFixed(1)} times as many redis.shards` : "";
    return [{ option: "redis.cpu", value: cpu, isChange, reason: `${reason}${more}` }];
  });
}

function cpuOf(metrics: StepMetrics | null, role: Workload["role"]): RoleCpu | undefined {
  return metrics?.cpu.find((cpu) => cpu.role === role);
}

/** Rounded up to 50 millicores, as stack config spells it. */
function millicores(cores: number): string {
  const value = Math.ceil(Math.round(cores * 1000) / 50) * 50;
  return value % 1000 === 0 ? String(value / 1000) : `${value}m`;
}

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;
