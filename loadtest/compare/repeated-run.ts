import type { StackOutputs } from "../../contract/outputs.ts";
import { calibrate } from "../../measure/calibration.ts";
import { interleave } from "../../measure/interleave.ts";
import { thisMachine } from "../../measure/machine.ts";
import { wrongUsage } from "../errors.ts";
import type { LoadResult } from "../load/load-result.ts";
import type { Scenario } from "../load/scenarios.ts";
import type { StackFigures } from "../observe/stack-counters.ts";
import {
  type Baseline,
  baselinePath,
  type Repeat,
  type RunPlan,
  readBaseline,
  saveBaseline,
} from "./baseline.ts";
import { type ComparedRow, compareRuns, formatChange, planDifferences } from "./compare-runs.ts";

/** What a comparison found, as the report holds it. */
export interface RunComparison {
  before: {
    apiImage: string;
    /** When a baseline was saved, ISO 8601; null: both were measured side by side. */
    savedAt: string | null;
  };
  after: { apiImage: string };
  rows: ComparedRow[];
  /** Scenarios that only one of the two has. */
  notCompared: string[];
}

/** One turn of a scenario. */
export interface Turn {
  scenario: Scenario;
  /** Loaded instead of the stack's endpoint. */
  target?: { endpoint: string; withoutGateway: boolean };
  /** Whose counters are read before and after, when not those of the whole stack. */
  observed?: StackOutputs;
}

/** A run in which every scenario has several turns, that come to a comparison at the end. */
export interface RepeatedTurns {
  turns(scenarios: readonly Scenario[]): Turn[];
  beforeTurn(): Promise<void>;
  add(load: LoadResult, stack: StackFigures | null): void;
  /** @returns undefined when there was nothing to compare with. */
  end(): Promise<RunComparison | undefined>;
}

/** What a repeated run is for. */
export type Purpose = "save" | "compare";

/** A run in which every scenario has several turns, so that its figures can be compared with those of another day. */
export class RepeatedRun implements RepeatedTurns {
  readonly #purpose: Purpose;
  readonly #rounds: number;
  readonly #identity: Pick<Baseline, "stack" | "apiImage" | "machine" | "plan">;
  readonly #before: Baseline | undefined;
  readonly #repeats = new Map<string, Repeat[]>();
  #calibration = Number.NaN;

  private constructor(
    purpose: Purpose,
    rounds: number,
    identity: Pick<Baseline, "stack" | "apiImage" | "plan">,
    before: Baseline | undefined,
  ) {
    this.#purpose = purpose;
    this.#rounds = rounds;
    this.#identity = { ...identity, machine: thisMachine() };
    this.#before = before;
  }

  /**
   * Reads the baseline, if there is to be a comparison, and looks whether it can be made.
   *
   * @param rounds turns of each scenario, an even number
   * @throws {UserError} with exit code 2 when there is no baseline, or one of another machine or plan. @throws {UserError} when it is damaged.
   */
  static async prepare(
    purpose: Purpose,
    rounds: number,
    identity: { stack: string; apiImage: string; plan: RunPlan },
  ): Promise<RepeatedRun> {
    const before = purpose === "compare" ? await readBaseline(baselinePath(identity.stack)) : undefined;
    if (before) {
      const differences = planDifferences(before, { ...before, ...identity, machine: thisMachine() });
      if (differences.length > 0)
        throw wrongUsage(
          `--compare: the baseline of ${before.savedAt} cannot be compared with this run: ${differences.join("; ")}`,
        );
    }
    return new RepeatedRun(purpose, rounds, identity, before);
  }

  /** The scenarios in an order in which drift of the machine cancels. */
  turns(scenarios: readonly Scenario[]): Turn[] {
    const [only, another] = scenarios;
    if (only && !another) return Array.from({ length: this.#rounds }, () => ({ scenario: only }));
    return interleave(scenarios, this.#rounds).map((turn) => ({ scenario: turn.variant }));
  }

  /** Measures the machine's speed. */
  async beforeTurn(): Promise<void> {
    this.#calibration = (await calibrate()).speed;
  }

  add({ scenario, requestsPerSecond, latency }: LoadResult): void {
    const repeat: Repeat = {
      calibration: this.#calibration,
      throughput: requestsPerSecond,
      p50Ms: latency.p50Ms,
      p95Ms: latency.p95Ms,
      p99Ms: latency.p99Ms,
    };
    this.#repeats.set(scenario, [...(this.#repeats.get(scenario) ?? []), repeat]);
  }

  /**
   * Saves the baseline, or compares with the one there is.
   *
   * @returns undefined when it was saved
   * @throws {UserError} when it cannot be written, or repeats are missing.
   */
  async end(): Promise<RunComparison | undefined> {
    const now: Baseline = {
      schema: 1,
      savedAt: new Date().toISOString(),
      ...this.#identity,
      scenarios: [...this.#repeats].map(([scenario, repeats]) => ({ scenario, repeats })),
    };
    if (this.#purpose === "save" || !this.#before) {
      await saveBaseline(baselinePath(now.stack), now);
      return undefined;
    }
    const { savedAt, apiImage } = this.#before;
    const comparison = compareRuns(this.#before, now);
    if (!comparison.compared) throw wrongUsage(`--compare: ${comparison.reasons.join("; ")}`);
    const { rows, notCompared } = comparison;
    return { before: { apiImage, savedAt }, after: { apiImage: now.apiImage }, rows, notCompared };
  }
}

/** `throughput of light is 12.0 % lower (99 %: 9.1 % to 14.8 % lower)`. */
export function describeRow({ scenario, metric, ratio, low, high, verdict }: ComparedRow): string {
  return `${metric} of ${scenario} is ${verdict}: ${formatChange(ratio)} (99 %: ${formatChange(low)} to ${formatChange(high)})`;
}
