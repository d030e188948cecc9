import { pairedRatio } from "../../measure/bootstrap.ts";
import { median } from "../../measure/median.ts";
import { type Finding, noneFailed } from "./finding.ts";

/** A load beside slow clients. */
export interface SlowTurn {
  p99Ms: number;
  /** Requests with the right response. */
  requests: number;
  failed: number;
  reasons: string;
  /** Slow connections that were still open at the end of the turn. */
  held: number;
}

const part = "slow-clients";
/** Largest p99 beside slow clients of the gateway, relative to that beside slow clients of another server. */
const mostRatio = 1.2;
/** Fewest slow connections at the end of a turn. With fewer the turn shows nothing. */
const fewestHeld = 450;

/** Compares turns with slow clients of the gateway with turns in which the same clients use another server. */
export function judgeSlowClients(
  what: string,
  { gateway, elsewhere }: Record<"gateway" | "elsewhere", readonly SlowTurn[]>,
): Finding[] {
  const pairs = gateway.map(({ p99Ms }, index): [number, number] => [
    elsewhere[index]?.p99Ms ?? Number.NaN,
    p99Ms,
  ]);
  const { ratio, low, high } = pairedRatio(pairs);
  const of = (turns: readonly SlowTurn[]) => median(turns.map(({ p99Ms }) => p99Ms)).toFixed(1);
  const held = Math.min(...gateway.map((turn) => turn.held));
  const total = (pick: (turn: SlowTurn) => number) => gateway.reduce((sum, turn) => sum + pick(turn), 0);
  return [
    {
      part,
      check: `p99 of others beside slow ${what}, ${pairs.length} pairs of turns`,
      measured: `× ${ratio.toFixed(2)} (95 %: ${low.toFixed(2)} … ${high.toFixed(2)}); ${of(gateway)} and ${of(elsewhere)} ms`,
      target: `≤ × ${mostRatio}, with its interval`,
      // An interval that reaches beyond the target shows neither that it is met nor that it is missed.
      isMet: high <= mostRatio,
      details: low <= mostRatio && high > mostRatio ? "not decided: more --turns, or less other work" : "",
      values: { gateway, elsewhere },
    },
    {
      part,
      check: `open connections with slow ${what} at the end of a turn`,
      measured: `at least ${held}`,
      target: `≥ ${fewestHeld}, or the turn shows nothing`,
      isMet: held >= fewestHeld,
    },
    noneFailed(part, `others' requests beside slow ${what}`, {
      sent: total(({ requests, failed }) => requests + failed),
      failed: total(({ failed }) => failed),
      reasons: gateway
        .map(({ reasons }) => reasons)
        .filter((text) => text !== "")
        .join(", "),
    }),
  ];
}
