import { pairedRatio, type Ratio } from "../../measure/bootstrap.ts";
import { median } from "../../measure/median.ts";
import type { Samples } from "../api/comparison.ts";
import type { RuntimePart } from "./runtime-parts.ts";

/** What a part costs a request. */
export interface PartCost extends Ratio {
  part: RuntimePart;
  /** CPU time of a request with the part, in µs: the median of the rounds. */
  withPartMicros: number;
  /** What the part adds to it, in µs: the median of the differences within a round. */
  addedMicros: number;
}

/**
 * Compares a server with a part to the server with none, round by round.
 *
 * @param samples requests per CPU second of each server, `none` included
 */
export function costOf(part: RuntimePart, samples: Samples): PartCost {
  const micros = (name: string) => (samples.get(name) ?? []).map((perCpuSecond) => 1e6 / perCpuSecond);
  const [none, withPart] = [micros("none"), micros(part)];
  const pairs = none.map((value, round) => [value, withPart[round] ?? Number.NaN] as const);
  return {
    part,
    ...pairedRatio(pairs),
    withPartMicros: median(withPart),
    addedMicros: median(pairs.map(([without, with_]) => with_ - without)),
  };
}
