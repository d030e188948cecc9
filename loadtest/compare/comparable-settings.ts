import type { Run, ScenarioSettings } from "../run-context.ts";
import type { ComparableSettings, LoadSettings } from "./baseline.ts";

/** The settings that two runs must share to be compared. */
export function comparableSettings(run: Run): ComparableSettings {
  const { users, connections, durationSeconds, warmupSeconds } = run.settings;
  const ofScenarios = run.scenarios.map(
    (scenario) => [scenario.name, loadSettings(run.settingsOf(scenario))] as const,
  );
  return {
    ...loadSettings({ connections, durationSeconds, warmupSeconds, rate: run.command.rate }),
    users,
    ofScenarios: Object.fromEntries(ofScenarios),
  };
}

function loadSettings({ rate, ...settings }: ScenarioSettings): LoadSettings {
  return rate === undefined ? settings : { ...settings, ratePerSecond: rate };
}
