import { createHash } from "node:crypto";
import type { RequestConfig } from "../../contract/outputs.ts";
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

/** `light 40 %, read 50 %`: the same text for weights of the same proportion, and for equal requests of stack config. */
function mixText({ mix, requests = {}, steps = [], cookies = false }: Scenario): string {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0);
  const named = (kind: string) => {
    const own = requests[kind];
    return own === undefined ? kind : `${kind} (${versionOf(own)})`;
  };
  const kinds = mix
    .map(({ kind, weight }) => `${named(kind)} ${Number(((100 * weight) / total).toFixed(3))} %`)
    .sort();
  return [
    ...kinds,
    ...(steps.length > 0 ? [`after ${steps.map(named).join(", ")}`] : []),
    ...(cookies ? ["with cookies"] : []),
  ].join(", ");
}

/** The request, and a few letters that change with all else of it. */
function versionOf({ keep = {}, ...request }: RequestConfig): string {
  // A request that keeps nothing has the same letters as in baselines of older versions.
  const all = Object.keys(keep).length === 0 ? request : { ...request, keep };
  const sorted = JSON.stringify(all, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value,
  );
  const hash = createHash("sha256").update(sorted).digest("hex").slice(0, 6);
  return `${request.method} ${request.path} ${hash}`;
}
