import type { LoadTestSettings } from "../../contract/outputs.ts";
import type { Dials, RunPlan } from "../compare/baseline.ts";
import type { Scenario } from "../load/scenarios.ts";
import type { Command } from "./command-line.ts";

/** What every scenario of a run has in common, unless the scenario has its own. */
export interface Plan {
  endpoint: string;
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  threads: number;
  users: number;
}

/** The command line's dials over those of the stack. @param endpoint of the stack */
export function planOf(command: Command, loadtest: LoadTestSettings, endpoint: string): Plan {
  return {
    endpoint: command.against ?? endpoint,
    connections: command.connections ?? loadtest.connections,
    durationSeconds: command.durationSeconds ?? loadtest.durationSeconds,
    warmupSeconds: command.warmupSeconds ?? loadtest.warmupSeconds,
    threads: command.threads ?? loadtest.threads,
    users: loadtest.users,
  };
}

/** The dials of one scenario: the command line's over the scenario's own over the plan's. */
export function dialsOf(scenario: Scenario, command: Command, plan: Plan) {
  const rate = command.rate ?? scenario.rate;
  return {
    connections: command.connections ?? scenario.connections ?? plan.connections,
    durationSeconds: command.durationSeconds ?? scenario.durationSeconds ?? plan.durationSeconds,
    warmupSeconds: command.warmupSeconds ?? scenario.warmupSeconds ?? plan.warmupSeconds,
    ...(rate === undefined ? {} : { rate }),
  };
}

/** What two runs must have in common to be compared. */
export function comparablePlan(command: Command, plan: Plan, scenarios: readonly Scenario[]): RunPlan {
  const { users, connections, durationSeconds, warmupSeconds } = plan;
  const comparable = ({ rate, ...dials }: ReturnType<typeof dialsOf>): Dials =>
    rate === undefined ? dials : { ...dials, ratePerSecond: rate };
  const whole = comparable({
    ...{ connections, durationSeconds, warmupSeconds },
    ...(command.rate === undefined ? {} : { rate: command.rate }),
  });
  const each = scenarios.map(
    (scenario) => [scenario.name, comparable(dialsOf(scenario, command, plan))] as const,
  );
  return { ...whole, users, dials: Object.fromEntries(each) };
}
