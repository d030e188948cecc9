import { pairedRatio } from "../../measure/bootstrap.ts";
import { median } from "../../measure/median.ts";
import type { Turn } from "../nginx/turn.ts";
import { type Finding, noneFailed } from "./finding.ts";

/** Where responses come from: pods, a kept path that expires each second, or one that does not expire. */
export const cacheArms = ["origin", "expiring", "steady"] as const;
/** One of them. */
export type CacheArm = (typeof cacheArms)[number];

/** The results of a turn that count. */
export type CacheTurn = Pick<Turn, "requestsPerSecond" | "p99Ms" | "failed">;

const part = "cache";
/** Fewest requests per second of a kept path on one connection, relative to those of pods that need 20 ms. */
const fewestTimes = 50;
/** Largest p99 of a path that expires each second, relative to one that does not expire. */
const mostRatio = 1.5;

/** Judges turns over so many connections, in the order in which they ran. */
export function judgeCache(
  connections: number,
  turns: Readonly<Record<CacheArm, readonly CacheTurn[]>>,
): Finding[] {
  const ratio = (a: CacheArm, b: CacheArm, of: keyof CacheTurn) => {
    const pairs = turns[a].map((turn, index): [number, number] => [
      turn[of],
      turns[b][index]?.[of] ?? Number.NaN,
    ]);
    return pairedRatio(pairs);
  };
  const middle = (arm: CacheArm, of: keyof CacheTurn) => median(turns[arm].map((turn) => turn[of]));
  const on = `${connections} connection${connections === 1 ? "" : "s"}`;
  const faster = ratio("origin", "expiring", "requestsPerSecond");
  const slower = ratio("steady", "expiring", "p99Ms");
  const all = Object.values(turns).flat();
  return [
    {
      part,
      check: `requests per second of a path that expires each second, ${on}`,
      measured: `× ${faster.ratio.toFixed(0)} (95 %: ${faster.low.toFixed(0)} … ${faster.high.toFixed(0)}); ${middle("expiring", "requestsPerSecond").toFixed(0)} and ${middle("origin", "requestsPerSecond").toFixed(0)}`,
      // Pods serve the requests of many connections side by side.
      target:
        connections === 1 ? `≥ × ${fewestTimes} of pods that need 20 ms` : "more than pods that need 20 ms",
      isMet: faster.low >= (connections === 1 ? fewestTimes : 1),
      values: turns,
    },
    {
      part,
      check: `p99 of a path that expires each second, ${on}, ${turns.expiring.length} pairs of turns`,
      measured: `× ${slower.ratio.toFixed(2)} (95 %: ${slower.low.toFixed(2)} … ${slower.high.toFixed(2)}); ${middle("expiring", "p99Ms").toFixed(2)} and ${middle("steady", "p99Ms").toFixed(2)} ms`,
      target: `≤ × ${mostRatio} of a path that does not expire, with its interval`,
      isMet: slower.high <= mostRatio,
      details:
        slower.low <= mostRatio && slower.high > mostRatio
          ? "not decided: more --turns, or less other work"
          : "",
    },
    noneFailed(part, `requests over ${on}`, {
      sent: Math.round(all.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0)),
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
      reasons: "",
    }),
  ];
}
