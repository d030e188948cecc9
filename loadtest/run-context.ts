import { UserError } from "../contract/user-error.ts";
import type { StepPrinter } from "../host/steps.ts";
import type { Command } from "./cli/command-line.ts";
import type { ReachedStack } from "./cluster-search.ts";
import type { Problems } from "./gates/verdict.ts";
import type { Scenario } from "./load/scenarios.ts";
import type { TlsSettings } from "./load/tls.ts";

/** Settings that all scenarios of a run share, unless a scenario has its own. */
export interface RunSettings {
  /** URL without a trailing slash. */
  endpoint: string;
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  threads: number;
  /** Count of seeded users. */
  users: number;
  /** Whether a connection carries several requests. */
  keepAlive: boolean;
  /** How the certificate of an https endpoint is checked. */
  tls: TlsSettings;
}

/** The load of one scenario. */
export interface ScenarioSettings {
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** Requests per second; undefined: a closed model. */
  rate: number | undefined;
}

/** Input of a run. */
export interface RunInput {
  command: Command;
  outputs: ReachedStack;
  /** Scenarios in the order in which they run. */
  scenarios: readonly Scenario[];
  progress: StepPrinter;
  /** Default: any certificate of an authority that Node.js knows. */
  tls?: TlsSettings;
  /** Aborting it ends the run early; the report covers the time until then. */
  signal: AbortSignal;
}

interface UndoStep {
  /** Printed while it runs; undefined: nothing. */
  name: string | undefined;
  undo: () => Promise<void>;
}

/** The context of one load test: its input, its problems, and the steps that undo what it changed. */
export class Run implements RunInput {
  readonly command: Command;
  readonly outputs: ReachedStack;
  readonly scenarios: readonly Scenario[];
  readonly settings: RunSettings;
  readonly progress: StepPrinter;
  readonly signal: AbortSignal;
  readonly problems: Problems = { broken: [], invalid: [] };
  readonly #undoSteps: UndoStep[] = [];

  constructor({ command, outputs, scenarios, progress, signal, tls = { insecure: false } }: RunInput) {
    this.command = command;
    this.outputs = outputs;
    this.scenarios = scenarios;
    this.progress = progress;
    this.signal = signal;
    const { loadtest } = outputs;
    this.settings = {
      endpoint: command.against ?? outputs.endpoint,
      connections: command.connections ?? loadtest.connections,
      durationSeconds: command.durationSeconds ?? loadtest.durationSeconds,
      warmupSeconds: command.warmupSeconds ?? loadtest.warmupSeconds,
      threads: command.threads ?? loadtest.threads,
      users: loadtest.users,
      keepAlive: command.keepAlive,
      tls,
    };
  }

  /** The load of one scenario. The command line outranks the scenario, which outranks the run. */
  settingsOf(scenario: Scenario): ScenarioSettings {
    const { command, settings } = this;
    return {
      connections: command.connections ?? scenario.connections ?? settings.connections,
      durationSeconds: command.durationSeconds ?? scenario.durationSeconds ?? settings.durationSeconds,
      warmupSeconds: command.warmupSeconds ?? scenario.warmupSeconds ?? settings.warmupSeconds,
      rate: command.rate ?? scenario.rate,
    };
  }

  /** Registers a step that undoes a change. @param name printed while the step runs */
  onUndo(undo: () => Promise<void>, name?: string): void {
    this.#undoSteps.push({ undo, name });
  }

  /**
   * Runs `work`, then all undo steps in reverse order, also when `work` or another step fails. The failure of a step
   * becomes a problem of the run.
   *
   * @throws {Error} of `work`, with the failures of the undo steps in its message.
   */
  async withUndo<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.problems.broken.push(...(await this.#undoAll()));
      return result;
    } catch (error) {
      throw withProblems(error, await this.#undoAll());
    }
  }

  async #undoAll(): Promise<string[]> {
    const problems: string[] = [];
    for (let step = this.#undoSteps.pop(); step; step = this.#undoSteps.pop()) {
      const { undo, name } = step;
      try {
        await (name === undefined ? undo() : this.progress.step(name, undo));
      } catch (error) {
        problems.push((error as Error).message);
      }
    }
    return problems;
  }
}

function withProblems(error: unknown, problems: readonly string[]): unknown {
  if (!(error instanceof Error) || problems.length === 0) return error;
  const message = [error.message, ...problems].join("; then, while undoing: ");
  if (!(error instanceof UserError)) return new Error(message, { cause: error });
  return new UserError(message, error.fix, { exitCode: error.exitCode, cause: error });
}
