import type { LoadResult } from "../report/schema/scenario.ts";

/** Which of several turns of a scenario a load was. */
export interface TurnNumber {
  /** From 1. */
  number: number;
  total: number;
}

/** A load, and its turn when the scenario is repeated. */
export type LoadOfTurn = LoadResult & { turn?: TurnNumber | null };

/** `turn 2 of 8`; empty for a scenario that is not repeated. */
export function turnText({ turn }: Pick<LoadOfTurn, "turn">): string {
  return turn ? `turn ${turn.number} of ${turn.total}` : "";
}

/** `light`, or `turn 2 of 8 of light`. */
export function nameOfTurn(load: Pick<LoadOfTurn, "turn" | "scenario">): string {
  const turn = turnText(load);
  return turn === "" ? load.scenario : `${turn} of ${load.scenario}`;
}
