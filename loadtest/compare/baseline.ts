import { mkdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { writeWhole } from "../../host/write-whole.ts";
import type { Machine } from "../../measure/machine.ts";
import { wrongUsage } from "../errors.ts";
import { fieldAt, wrongFields } from "../fields.ts";

/** The kept values of one load; all are positive and finite. */
export interface KeptValues {
  /** Good responses per second. */
  throughput: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

/** The kept values of one repeat of a scenario. */
export interface Repeat extends KeptValues {
  /** Speed of the machine next to this repeat (measure/calibration.ts); without a unit. */
  calibration: number;
}

/** The load of a scenario. */
export interface LoadSettings {
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** Requests per second; absent in a closed model. */
  ratePerSecond?: number;
  /** The shares of the kinds of requests, as one text; absent in the load of the run, which all scenarios share. */
  mix?: string;
}

/** The settings of a run. Only runs with the same settings can be compared. */
export interface ComparableSettings extends LoadSettings {
  users: number;
  endpoint: string;
  threads: number;
  keepAlive: boolean;
  /** Names of the API's workloads; empty for an address whose pods are unknown. */
  pools: readonly string[];
  /** The load of each scenario by its name, since stack config may set it. */
  ofScenarios?: Record<string, LoadSettings>;
}

/** Name of `ofScenarios` in the file. */
const scenariosKey = "dials";

/** The settings of one scenario. */
export function settingsIn(plan: ComparableSettings, scenario: string): LoadSettings {
  return plan.ofScenarios?.[scenario] ?? plan;
}

/** Several repeats of each scenario of one stack, and the settings and machine that a comparable run must share. */
export interface Baseline {
  /** Version of the format. It rises when a reader of older files would misread a newer file. */
  schema: 2;
  stack: string;
  /** ISO 8601. */
  savedAt: string;
  apiImage: string;
  machine: Machine;
  plan: ComparableSettings;
  scenarios: { scenario: string; repeats: Repeat[] }[];
}

/** Version of the format. Files of schema 1 do not have the mix, the endpoint, the threads and the keep-alive. */
export const baselineSchema = 2;

const repeatFields = ["calibration", "throughput", "p50Ms", "p95Ms", "p99Ms"] as const;
const saveAgain = "save it again: npm run loadtest -- --save-baseline";

/**
 * The file with the baseline of a stack, in `loadtest/baselines/`.
 *
 * @param against the address that is loaded instead of the stack's; it has a baseline of its own
 */
export function baselinePath(stack: string, against?: string): string {
  const name = against === undefined ? stack : `${stack}@${against}`;
  return join(resolve(import.meta.dirname, "..", "baselines"), `${encodeURIComponent(name)}.json`);
}

/**
 * Writes the baseline and replaces an older one. The file is always complete.
 *
 * @throws {UserError} when a value is missing (a scenario without a good response has no latency), or the file cannot be
 * written.
 */
export async function saveBaseline(path: string, baseline: Baseline): Promise<void> {
  const [problem] = wrongScenarios(baseline.scenarios);
  if (problem !== undefined) {
    throw new UserError(
      `this run cannot be a baseline: ${problem}`,
      "look at the report: not every repeat was measured",
    );
  }
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, `${JSON.stringify(toFile(baseline), null, 2)}\n`);
  } catch (error) {
    throw new UserError(
      `the baseline cannot be written to ${path}: ${(error as Error).message}`,
      "make room, or make the folder writable",
      { cause: error },
    );
  }
}

/**
 * Reads a file that `saveBaseline` wrote.
 *
 * @throws {UserError} with exit code 2 when there is no such file.
 * @throws {UserError} when it cannot be read, is damaged, or comes from a newer version; names every wrong field.
 */
export async function readBaseline(path: string): Promise<Baseline> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw wrongUsage(
        `--compare: there is no baseline ${path}; save one first: npm run loadtest -- --save-baseline`,
      );
    }
    throw new UserError(
      `the baseline ${path} cannot be read: ${(error as Error).message}`,
      "make it readable, or save it again with --save-baseline",
      { cause: error },
    );
  }
  return parseBaseline(text, path);
}

/** Parses a baseline. @param source its origin, for the message @throws {UserError} when it is none */
export function parseBaseline(text: string, source: string): Baseline {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const what = (error as Error).message;
    throw new UserError(`the baseline ${source} is damaged: not JSON: ${what}`, saveAgain, { cause: error });
  }
  const schema = fieldAt(parsed, "schema");
  if (typeof schema === "number" && schema !== baselineSchema) {
    throw new UserError(
      `the baseline ${source} has schema ${schema}; this version reads ${baselineSchema}`,
      `use the version that wrote it, or ${saveAgain}`,
    );
  }
  const problems = problemsOf(parsed);
  if (problems.length > 0) {
    throw new UserError(`the baseline ${source} is damaged: ${problems.join("; ")}`, saveAgain);
  }
  const { plan, ...baseline } = parsed as Baseline & {
    plan: { [scenariosKey]?: Record<string, LoadSettings> };
  };
  const { [scenariosKey]: ofScenarios, ...settings } = plan;
  return { ...baseline, plan: ofScenarios === undefined ? settings : { ...settings, ofScenarios } };
}

function toFile({ plan: { ofScenarios, ...plan }, ...baseline }: Baseline): object {
  return { ...baseline, plan: { ...plan, [scenariosKey]: ofScenarios } };
}

function problemsOf(baseline: unknown): string[] {
  const scenarios = Object.keys(fieldAt(baseline, `plan.${scenariosKey}`) ?? {});
  const loads = ["plan", ...scenarios.map((scenario) => `plan.${scenariosKey}.${scenario}`)];
  return [
    ...wrongFields(baseline, "number", ["schema"]),
    ...wrongFields(baseline, "string", ["stack", "savedAt", "apiImage"]),
    ...wrongFields(baseline, "string", ["machine.cpuModel", "machine.kernel", "machine.node"]),
    ...wrongFields(baseline, "number", ["machine.cpus", "machine.memoryGiB"]),
    ...loads.flatMap((load) => {
      const fields = ["connections", "durationSeconds", "warmupSeconds"].map((name) => `${load}.${name}`);
      const rate = `${load}.ratePerSecond`;
      return wrongFields(
        baseline,
        "number",
        fieldAt(baseline, rate) === undefined ? fields : [...fields, rate],
      );
    }),
    ...wrongFields(baseline, "number", ["plan.users", "plan.threads"]),
    ...wrongFields(baseline, "string", ["plan.endpoint"]),
    ...wrongFields(baseline, "array", ["plan.pools"]),
    ...wrongScenarios(fieldAt(baseline, "scenarios")),
  ];
}

function wrongScenarios(scenarios: unknown): string[] {
  if (!Array.isArray(scenarios)) return ["scenarios is not a list"];
  if (scenarios.length === 0) return ["there is no scenario in it"];
  return scenarios.flatMap((each: unknown, index) => {
    const name = fieldAt(each, "scenario");
    const repeats = fieldAt(each, "repeats");
    if (typeof name !== "string" || !Array.isArray(repeats)) return [`scenario ${index + 1} is incomplete`];
    return repeats.flatMap((repeat: unknown, nth) =>
      repeatFields
        .filter((field) => !isPositive(fieldAt(repeat, field)))
        .map((field) => `${field} of ${name}, repeat ${nth + 1}, is not a positive number`),
    );
  });
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}
