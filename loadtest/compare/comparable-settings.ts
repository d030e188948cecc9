import type { Scenario } from "../load/scenarios.ts";
import type { Run, ScenarioSettings } from "../run-context.ts";
import type { ComparableSettings, LoadSettings } from "./baseline.ts";

/** The settings that two runs must share to be compared. */
export function comparableSettings(run: Run): ComparableSettings {
  const { command, outputs } = run;
  const { users, connections, durationSeconds, warmupSeconds, endpoint, threads, keepAlive } = run.settings;
  const ofScenarios = run.scenarios.map(
    (scenario) =>
      [scenario.name, { ...loadSettings(run.settingsOf(scenario)), mix: mixText(scenario) }] as const,
  );
  const api = command.against === undefined ? outputs.workloads.filter(({ role }) => role === "api") : [];
  return {
    ...loadSettings({ connections, durationSeconds, warmupSeconds, rate: command.rate }),
    users,
    endpoint,
    threads,
    keepAlive,
    pools: api.map(({ name }) => name).sort(),
    ofScenarios: Object.fromEntries(ofScenarios),
  };
}

function loadSettings({ rate, ...settings }: ScenarioSettings): LoadSettings {
  return rate === undefined ? settings : { ...settings, ratePerSecond: rate };
}

/** `light 40 %, read 50 %`: the same text for weights of the same proportion. */
function mixText({ mix }: Scenario): string {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  return mix
    .map(({ kind, weight }) => `${kind} ${Number(((100 * weight) / total).toFixed(3))} %`)
    .sort()
    .join(", ");
}
