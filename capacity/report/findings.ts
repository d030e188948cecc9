import type { GateConfig } from "../../contract/gate-metrics.ts";
import type { Scaling } from "../law/scaling.ts";
import type { SearchResult } from "../search/campaign.ts";
import type { MeasuredStep } from "../search/step.ts";

/** A misfit of this many standard errors is more than noise. */
const misfitErrors = 3;

/** What findings are made of. */
export interface Measurements {
  searches: readonly SearchResult[];
  /** The gates that judged the steps. */
  gates: readonly GateConfig[];
  steps: readonly MeasuredStep[];
}

/** The result in one sentence. */
export function headlineOf(searches: readonly SearchResult[], scaling: Scaling | null): string {
  const [first] = searches;
  if (!first) return "no search came to an end";
  if (!scaling) {
    const bound = searches.filter(({ end }) => end === "at least").sort((a, b) => b.rate - a.rate)[0];
    if (!bound) return `no capacity was found: ${first.reason}`;
    return `no capacity was found, only a lower bound: ${carry(bound.pods)} at least ${whole(bound.rate)} requests/s; ${bound.reason}`;
  }
  const pods = searches
    .filter(({ end }) => end === "found")
    .map((search) => search.pods)
    .reduce((best, count) => (scaling.at(count).value > scaling.at(best).value ? count : best));
  const isPeak = pods < scaling.measuredPods;
  const { value, low, high } = scaling.at(pods);
  const range = `${whole(low ?? value)} to ${whole(high)}`;
  return `${carry(pods)} ${whole(value)} requests/s with all gates passed (95 %: ${range})${isPeak ? `, and ${scaling.measuredPods} carry less` : ""}`;
}

const carry = (pods: number): string => `${pods} API ${pods === 1 ? "pod carries" : "pods carry"}`;

/** What the measurements do not show, one sentence each. */
export function notKnownOf({ searches, gates, steps }: Measurements, scaling: Scaling | null): string[] {
  return [
    ...searches.flatMap(notFound),
    ...(scaling ? ofScaling(scaling, searches) : []),
    ...(gates.some(({ metric }) => metric === "p99" || metric === "p95")
      ? []
      : ["no gate limits p95 or p99, so the capacity is that of a stack whose clients may wait long"]),
    ...(steps.some(({ metrics }) => metrics !== null && metrics.cpu.length > 0)
      ? []
      : ["the CPU time of the pods could not be read, so what limits the stack is known in part at most"]),
  ];
}

function notFound({ pods, round, end, rate, reason, passed, failed }: SearchResult): string[] {
  const where = `${pods} ${pods === 1 ? "pod" : "pods"}, round ${round}`;
  if (end === "at least") return [`${where}: the capacity is at least ${whole(rate)} /s: ${reason}`];
  if (end === "below") return [`${where}: the lowest rate that was tried, ${rate} /s, failed`];
  if (end === "found" && reason !== "")
    return [
      `${where}: the capacity is between ${whole(passed ?? 0)} and ${whole(failed ?? 0)} /s: ${reason}`,
    ];
  return end === "not measured" ? [`${where}: ${reason}`] : [];
}

function ofScaling(scaling: Scaling, searches: readonly SearchResult[]): string[] {
  const { knowledge, noise, noiseIsMeasured, worstMisfit, measuredPods } = scaling;
  const perPods = searches.filter(({ pods }) => pods === measuredPods).length;
  const isMisfit = worstMisfit > (misfitErrors * noise) / Math.sqrt(Math.max(1, perPods));
  return [
    ...(knowledge === "one"
      ? [
          "one number of pods was measured: how the capacity grows with more pods is not known; the curve is the best case, in which each pod adds as much as the first one",
        ]
      : []),
    ...(knowledge === "two"
      ? [
          "two numbers of pods were measured: they show that something is lost, but not whether it is contention (σ) or coherency (κ), which differ much with more pods; the band has both as its ends, the curve is contention alone",
        ]
      : []),
    ...(noiseIsMeasured
      ? []
      : [
          "each number of pods was searched once: how much the result changes from one search to the next is not known, and intervals show the precision of the search only",
        ]),
    ...(isMisfit
      ? [
          `the law does not describe the stack well: a measured mean is ${percent(worstMisfit)} away from the curve, more than the noise of ${percent(noise)}; do not rely on the curve beyond ${measuredPods} pods`,
        ]
      : []),
    `beyond ${measuredPods} pods the curve assumes that what limits the stack there limits it further on, too: another limit, such as a full node or database, is not in it`,
  ];
}

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
