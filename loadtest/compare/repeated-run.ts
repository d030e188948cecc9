import type { StackOutputs } from "../../contract/outputs.ts";
import { calibrate } from "../../measure/calibration.ts";
import { interleave } from "../../measure/interleave.ts";
import { thisMachine } from "../../measure/machine.ts";
import { wrongUsage } from "../errors.ts";
import type { Scenario } from "../load/scenarios.ts";
import type { ComparedRow, RunComparison } from "../report/schema/comparison.ts";
import type { LoadResult, StackStats } from "../report/schema/scenario.ts";
import {
  type Baseline,
  baselinePath,
  type ComparableSettings,
  type Repeat,
  readBaseline,
  saveBaseline,
} from "./baseline.ts";
import { compareRuns, formatChange, keptValues, settingsDifferences } from "./compare-runs.ts";

/** One turn of a scenario. */
export interface Turn {
  scenario: Scenario;
  /** The address to load; default: the stack's endpoint. */
  target?: { endpoint: string; withoutGateway: boolean };
  /** The pods whose counters are read before and after; default: the whole stack. */
  observed?: StackOutputs;
}

/** A run in which every scenario has several turns, with a comparison at the end. */
export interface RepeatedTurns {
  /** The pods to watch; default: the whole stack. */
  readonly observed?: StackOutputs;
  /** All turns in order. */
  turns(scenarios: readonly Scenario[]): Turn[];
  /** Prepares a turn. Call it before each turn. */
  beforeTurn(): Promise<void>;
  /** Adds the result of a turn. */
  add(load: LoadResult, stack: StackStats | null): void;
  /** @returns undefined when there is nothing to compare with */
  end(): Promise<RunComparison | undefined>;
}

/** Whether a repeated run saves a baseline or compares with it. */
export type Purpose = "save" | "compare";

/** A run in which every scenario has several turns. It is compared with a run of another day. */
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
   * Reads the baseline for a comparison, and checks that this run can be compared with it.
   *
   * @param rounds turns of each scenario, an even number
   * @throws {UserError} with exit code 2 when there is no baseline, or its machine or settings differ.
   * @throws {UserError} when the baseline is damaged.
   */
  static async prepare(
    purpose: Purpose,
    rounds: number,
    identity: { stack: string; apiImage: string; plan: ComparableSettings },
  ): Promise<RepeatedRun> {
    const before = purpose === "compare" ? await readBaseline(baselinePath(identity.stack)) : undefined;
    if (before) {
      const differences = settingsDifferences(before, { ...before, ...identity, machine: thisMachine() });
      if (differences.length > 0)
        throw wrongUsage(
          `--compare: the baseline of ${before.savedAt} cannot be compared with this run: ${differences.join("; ")}`,
        );
    }
    return new RepeatedRun(purpose, rounds, identity, before);
  }

  /** The turns of all scenarios in an order in which drift of the machine cancels. */
  turns(scenarios: readonly Scenario[]): Turn[] {
    const [only, another] = scenarios;
    if (only && !another) return Array.from({ length: this.#rounds }, () => ({ scenario: only }));
    return interleave(scenarios, this.#rounds).map((turn) => ({ scenario: turn.variant }));
  }

  /** Measures the machine's speed. */
  async beforeTurn(): Promise<void> {
    this.#calibration = (await calibrate()).speed;
  }

  add(load: LoadResult): void {
    const repeats = this.#repeats.get(load.scenario) ?? [];
    this.#repeats.set(load.scenario, [...repeats, { ...keptValues(load), calibration: this.#calibration }]);
  }

  /**
   * Saves the baseline, or compares this run with it.
   *
   * @returns undefined after saving
   * @throws {UserError} when the baseline cannot be written, or repeats are missing.
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

/** `p50 of light is same: +12.0 % (99 %: −0.5 % to +20.0 %)`. */
export function describeRow({ scenario, metric, ratio, low, high, verdict }: ComparedRow): string {
  return `${metric} of ${scenario} is ${verdict}: ${formatChange(ratio)} (99 %: ${formatChange(low)} to ${formatChange(high)})`;
}
