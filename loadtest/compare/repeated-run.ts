import { calibrate } from "../../measure/calibration.ts";
import { interleave } from "../../measure/interleave.ts";
import { thisMachine } from "../../measure/machine.ts";
import type { ReachedStack } from "../cluster-search.ts";
import { wrongUsage } from "../errors.ts";
import type { Scenario } from "../load/scenarios.ts";
import type { ComparedRow, RunComparison } from "../report/schema/comparison.ts";
import type { LoadResult, StackStats } from "../report/schema/scenario.ts";
import {
  type Baseline,
  baselinePath,
  baselineSchema,
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
  target?: { endpoint: string; removedBase: string };
  /** The pods whose counters are read before and after; default: the whole stack. */
  observed?: ReachedStack;
}

/** A run in which every scenario has several turns, with a comparison at the end. */
export interface RepeatedTurns {
  /** The pods to watch; default: the whole stack. */
  readonly observed?: ReachedStack;
  /** All turns in order. */
  turns(scenarios: readonly Scenario[]): Turn[];
  /** Prepares a turn. Call it before each turn. */
  beforeTurn(): Promise<void>;
  /** Adds the result of a turn. */
  add(load: LoadResult, stack: StackStats | null): void;
  /** What `end` does with the turns, for the message when it may not: `the baseline was not saved`. */
  readonly withoutEnd: string;
  /** Whether a gate that fails for another reason than bad responses forbids the end. */
  readonly needsAllGates: boolean;
  /** @returns the comparison, if any, and the file of the saved baseline, if any */
  end(): Promise<TurnsResult>;
}

/** The result of all turns. */
export interface TurnsResult {
  comparison?: RunComparison;
  savedTo?: string;
}

/** Whether a repeated run saves a baseline or compares with it. */
export type Purpose = "save" | "compare";

/** A run in which every scenario has several turns. It is compared with a run of another day. */
export class RepeatedRun implements RepeatedTurns {
  readonly #purpose: Purpose;
  readonly #path: string;
  readonly #rounds: number;
  readonly #identity: Pick<Baseline, "stack" | "apiImage" | "machine" | "plan">;
  readonly #before: Baseline | undefined;
  readonly #measureSpeed: () => Promise<{ speed: number }>;
  readonly #repeats = new Map<string, Repeat[]>();
  #calibration = Number.NaN;

  private constructor(
    purpose: Purpose,
    path: string,
    rounds: number,
    identity: Pick<Baseline, "stack" | "apiImage" | "plan">,
    before: Baseline | undefined,
    measureSpeed: () => Promise<{ speed: number }>,
  ) {
    this.#purpose = purpose;
    this.#path = path;
    this.#rounds = rounds;
    this.#identity = { ...identity, machine: thisMachine() };
    this.#before = before;
    this.#measureSpeed = measureSpeed;
  }

  /**
   * Reads the baseline for a comparison, and checks that this run can be compared with it.
   *
   * @param rounds turns of each scenario, an even number
   * @param against the address that is loaded instead of the stack's
   * @param measureSpeed measures the machine's speed next to each turn
   * @throws {UserError} with exit code 2 when there is no baseline, or its machine or settings differ.
   * @throws {UserError} when the baseline is damaged.
   */
  static async prepare(
    purpose: Purpose,
    rounds: number,
    identity: { stack: string; apiImage: string; plan: ComparableSettings },
    against?: string,
    measureSpeed: () => Promise<{ speed: number }> = calibrate,
  ): Promise<RepeatedRun> {
    const path = baselinePath(identity.stack, against);
    const before = purpose === "compare" ? await readBaseline(path) : undefined;
    if (before) {
      const differences = settingsDifferences(before, { ...before, ...identity, machine: thisMachine() });
      if (differences.length > 0)
        throw wrongUsage(
          `--compare: the baseline of ${before.savedAt} cannot be compared with this run: ${differences.join("; ")}; give the same options, or save another baseline with these: --save-baseline`,
        );
    }
    return new RepeatedRun(purpose, path, rounds, identity, before, measureSpeed);
  }

  get withoutEnd(): string {
    return this.#purpose === "save" ? "the baseline was not saved" : "nothing was compared with the baseline";
  }

  get needsAllGates(): boolean {
    return this.#purpose === "save";
  }

  /** The turns of all scenarios in an order in which drift of the machine cancels. */
  turns(scenarios: readonly Scenario[]): Turn[] {
    const [only, another] = scenarios;
    if (only && !another) return Array.from({ length: this.#rounds }, () => ({ scenario: only }));
    return interleave(scenarios, this.#rounds).map((turn) => ({ scenario: turn.variant }));
  }

  /** Measures the machine's speed. */
  async beforeTurn(): Promise<void> {
    this.#calibration = (await this.#measureSpeed()).speed;
  }

  add(load: LoadResult): void {
    const repeats = this.#repeats.get(load.scenario) ?? [];
    this.#repeats.set(load.scenario, [...repeats, { ...keptValues(load), calibration: this.#calibration }]);
  }

  /**
   * Saves the baseline, or compares this run with it.
   *
   * @throws {UserError} when the baseline cannot be written, or repeats are missing.
   */
  async end(): Promise<TurnsResult> {
    const now: Baseline = {
      schema: baselineSchema,
      savedAt: new Date().toISOString(),
      ...this.#identity,
      scenarios: [...this.#repeats].map(([scenario, repeats]) => ({ scenario, repeats })),
    };
    if (this.#purpose === "save" || !this.#before) {
      await saveBaseline(this.#path, now);
      return { savedTo: this.#path };
    }
    const { savedAt, apiImage } = this.#before;
    const comparison = compareRuns(this.#before, now);
    if (!comparison.compared) throw wrongUsage(`--compare: ${comparison.reasons.join("; ")}`);
    const { rows, notCompared } = comparison;
    const after = { apiImage: now.apiImage };
    return { comparison: { before: { apiImage, savedAt }, after, rows, notCompared } };
  }
}

/** `p50 of light is same: +12.0 % (99 %: −0.5 % to +20.0 %)`. */
export function describeRow({ scenario, metric, ratio, low, high, verdict }: ComparedRow): string {
  return `${metric} of ${scenario} is ${verdict}: ${formatChange(ratio)} (99 %: ${formatChange(low)} to ${formatChange(high)})`;
}
