import { type Random, seededRandom } from "../../measure/random.ts";
import { type CapacityPoint, capacityOf, fitLaw, fitUnbounded, peakPods, type ScalingLaw } from "./law.ts";

/** A value with the ends of its 95 % interval. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

/**
 * How much the measurements say about scaling. `law`: three numbers of pods or more, so all three parameters. `two`: two
 * numbers of pods, from which contention and coherency cannot be distinguished. `one`: nothing about other numbers of pods.
 */
export type Knowledge = "law" | "two" | "one";

/** Capacity by number of pods, with what is not known. */
export interface Scaling {
  knowledge: Knowledge;
  /** The best fit. Of two numbers of pods: all loss is contention. */
  law: ScalingLaw;
  /** Intervals of the parameters; null where the measurements do not determine them. */
  lambda: Interval;
  sigma: Interval | null;
  kappa: Interval | null;
  /** Standard deviation of one search, as a share of the capacity; at least the precision of the search. */
  noise: number;
  /** Whether the noise was measured by repeated searches. Otherwise it is only the precision, and intervals are too narrow. */
  noiseIsMeasured: boolean;
  /** Largest distance of a measured mean from the curve, as a share. */
  worstMisfit: number;
  /** Largest number of pods that was measured. */
  measuredPods: number;
  /** Pods with the highest capacity, with its interval; Infinity: no end is seen. Null when unknown. */
  peak: Interval | null;
  /** Capacity of a number of pods. `low` is null when no lower bound is known. */
  at(pods: number): { value: number; low: number | null; high: number };
}

const seed = 20_260_101;
const tail = 0.025;

/**
 * Fits the scaling law and estimates how sure it is.
 *
 * The intervals are a parametric bootstrap: each resample moves the mean of every number of pods by a random error and fits
 * again. The size of the error comes from repeated searches of the same number of pods, pooled over all numbers, with a
 * random variance as that of Student's t, because a handful of searches estimates a variance badly. It is at least the
 * precision of the search. A resample counts twice, with and without the bounds of σ and κ: the bounds make a stack that
 * loses nothing look as if it lost something, and look more certain than it is.
 *
 * In simulations, 95 % intervals contained the true value in the shares that docs/capacity.md#how-sure lists: 92 to 100 %
 * with repeated searches, 60 to 80 % without.
 *
 * @param points one for each search
 * @param precision of a search: the ratio between its lowest failed and highest passed rate, less 1
 * @param resamples number of resamples; with 2000 the ends of an interval are accurate to about 3 % of its width
 * @throws {RangeError} when there is no point, or one is not positive and finite
 */
export function fitScaling(
  points: readonly CapacityPoint[],
  precision: number,
  { random = seededRandom(seed), resamples = 2000 }: { random?: Random; resamples?: number } = {},
): Scaling {
  const groups = groupsOf(points);
  const knowledge: Knowledge = groups.length >= 3 ? "law" : groups.length === 2 ? "two" : "one";
  const law = fitWith(knowledge, points, "sigma");
  const { noise, degrees } = noiseOf(groups, precision);
  const normal = normalNumbers(random);
  const draws = Array.from({ length: resamples }, () => {
    const scale = degrees > 0 ? noise * Math.sqrt(degrees / chiSquare(degrees, normal)) : noise;
    return groups.map(({ pods, meanLog, count }) => ({
      pods,
      rate: Math.exp(meanLog + (scale / Math.sqrt(count)) * normal()),
      count,
    }));
  });
  const laws = draws.map((means) => fitWith(knowledge, repeated(means), "sigma"));
  const isLaw = knowledge === "law";
  const unbounded = isLaw ? draws.flatMap((means) => fitUnbounded(repeated(means)) ?? []) : [];
  // Coherency only: the more pessimistic law through the same two points.
  const pessimistic =
    knowledge === "two" ? draws.map((means) => fitWith("two", repeated(means), "kappa")) : laws;
  const measuredPods = Math.max(...groups.map(({ pods }) => pods));
  const parameter = (name: keyof ScalingLaw): Interval => {
    const [bounded, free] = [laws, unbounded].map((each) => ends(each.map((one) => Math.max(0, one[name]))));
    return { value: law[name], ...widest(bounded, free) };
  };
  return {
    knowledge,
    law,
    lambda: parameter("lambda"),
    sigma: isLaw ? parameter("sigma") : null,
    kappa: isLaw ? parameter("kappa") : null,
    noise,
    noiseIsMeasured: degrees > 0,
    worstMisfit: Math.max(
      ...groups.map(({ pods, meanLog }) => Math.abs(Math.exp(meanLog) / capacityOf(law, pods) - 1)),
    ),
    measuredPods,
    peak: isLaw ? { value: peakPods(law), ...ends(laws.map(peakPods)) } : null,
    at(pods) {
      const value = capacityOf(law, pods);
      const bounded = ends(laws.map((each) => capacityOf(each, pods)));
      const free = ends(unbounded.map((each) => atMostLinear(each, pods)));
      const { high } = widest(bounded, free);
      if (knowledge === "one" && pods > measuredPods) return { value, low: null, high };
      const { low } = ends(pessimistic.map((each) => capacityOf(each, pods)));
      return { value, low, high };
    },
  };
}

interface Ends {
  low: number;
  high: number;
}

/** The lower low and the higher high of two intervals; the second one may be missing. */
function widest(one: Ends | undefined, other: Ends | undefined): Ends {
  const all = [one, other].filter((each) => each !== undefined && Number.isFinite(each.low));
  return {
    low: Math.min(...all.map((each) => each?.low ?? 0)),
    high: Math.max(...all.map((each) => each?.high ?? 0)),
  };
}

/** Capacity by a law without bounds; no pod adds more than the first one. */
function atMostLinear(law: ScalingLaw, pods: number): number {
  const capacity = capacityOf(law, pods);
  const linear = law.lambda * pods;
  return capacity > 0 ? Math.min(linear, capacity) : linear;
}

/** @param loss the only parameter that two numbers of pods may explain their loss by */
function fitWith(
  knowledge: Knowledge,
  points: readonly CapacityPoint[],
  loss: "sigma" | "kappa",
): ScalingLaw {
  if (knowledge === "law") return fitLaw(points);
  if (knowledge === "one") return fitLaw(points, { sigma: false, kappa: false });
  return fitLaw(points, { sigma: loss === "sigma", kappa: loss === "kappa" });
}

interface Group {
  pods: number;
  meanLog: number;
  count: number;
  /** Sum of squared distances of the logarithms from their mean. */
  squares: number;
}

function groupsOf(points: readonly CapacityPoint[]): Group[] {
  const counts = [...new Set(points.map(({ pods }) => pods))].sort((a, b) => a - b);
  return counts.map((pods) => {
    const logs = points.filter((point) => point.pods === pods).map(({ rate }) => Math.log(rate));
    const meanLog = logs.reduce((sum, log) => sum + log, 0) / logs.length;
    return {
      pods,
      meanLog,
      count: logs.length,
      squares: logs.reduce((sum, log) => sum + (log - meanLog) ** 2, 0),
    };
  });
}

/** The standard deviation of a uniform distribution is its width over √12. */
function noiseOf(groups: readonly Group[], precision: number): { noise: number; degrees: number } {
  const degrees = groups.reduce((sum, { count }) => sum + count - 1, 0);
  const least = Math.log1p(precision) / Math.sqrt(12);
  if (degrees === 0) return { noise: least, degrees };
  const squares = groups.reduce((sum, group) => sum + group.squares, 0);
  return { noise: Math.max(least, Math.sqrt(squares / degrees)), degrees };
}

/** As many points as searches, so that each search has the same weight. */
function repeated(means: readonly (CapacityPoint & { count: number })[]): CapacityPoint[] {
  return means.flatMap(({ pods, rate, count }) => Array.from({ length: count }, () => ({ pods, rate })));
}

function ends(values: number[]): Ends {
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.round(share * (values.length - 1))] ?? Number.NaN;
  return { low: at(tail), high: at(1 - tail) };
}

/** Standard normal numbers, by Box and Muller (1958). */
function normalNumbers(random: Random): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function chiSquare(degrees: number, normal: () => number): number {
  let sum = 0;
  for (let count = 0; count < degrees; count++) sum += normal() ** 2;
  return sum;
}
