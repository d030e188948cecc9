import { mkdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { writeWhole } from "../../host/write-whole.ts";
import type { Machine } from "../../measure/machine.ts";
import { wrongUsage } from "../errors.ts";

/** What is kept of one repeat of a scenario; every figure is positive and finite. */
export interface Repeat {
  /** Speed of the machine next to this repeat (measure/calibration.ts); without a unit. */
  calibration: number;
  /** Good answers per second. */
  throughput: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
}

/** How the load is made. */
export interface Dials {
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** Requests per second where the load has a fixed rate; absent where each connection sends as fast as it is answered. */
  ratePerSecond?: number;
}

/** What was asked of the load generator. Only runs of the same plan can be compared. */
export interface RunPlan extends Dials {
  users: number;
  /** By scenario: stack config may give one dials of its own. */
  dials?: Record<string, Dials>;
}

/** The dials with which a scenario was run. */
export function dialsIn(plan: RunPlan, scenario: string): Dials {
  return plan.dials?.[scenario] ?? plan;
}

/** Several repeats of each scenario of one stack, and all that says what they may be compared with. */
export interface Baseline {
  /** Rises when a reader of older files would misread a newer one. */
  schema: 1;
  stack: string;
  /** ISO 8601. */
  savedAt: string;
  apiImage: string;
  machine: Machine;
  plan: RunPlan;
  scenarios: { scenario: string; repeats: Repeat[] }[];
}

const figures = ["calibration", "throughput", "p50Ms", "p95Ms", "p99Ms"] as const;
const saveAgain = "save it again: npm run loadtest -- --save-baseline";

/** Where the baseline of a stack is kept: one file for each, beside the load test. */
export function baselinePath(stack: string): string {
  return join(resolve(import.meta.dirname, "..", "baselines"), `${encodeURIComponent(stack)}.json`);
}

/**
 * Writes the baseline in place of an older one, wholly or not at all.
 *
 * @throws {UserError} when a figure is missing (a scenario without a good answer has no latency), or the file cannot be written.
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
    await writeWhole(path, `${JSON.stringify(baseline, null, 2)}\n`);
  } catch (error) {
    throw new UserError(
      `the baseline cannot be written to ${path}: ${(error as Error).message}`,
      "make room, or make the folder writable",
      { cause: error },
    );
  }
}

/**
 * Reads what `saveBaseline` wrote.
 *
 * @throws {UserError} with exit code 2 when there is no such file: nothing was saved that could be compared with
 * @throws {UserError} when it cannot be read, is damaged, or is of a newer version of this program; names every wrong field.
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

/** Checks that the text is a baseline. @param source where it comes from, for the message @throws {UserError} when it is not. */
export function parseBaseline(text: string, source: string): Baseline {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const what = (error as Error).message;
    throw new UserError(`the baseline ${source} is damaged: not JSON: ${what}`, saveAgain, { cause: error });
  }
  const schema = field(parsed, "schema");
  if (typeof schema === "number" && schema !== 1) {
    throw new UserError(
      `the baseline ${source} has schema ${schema}; this version reads 1`,
      `use the version that wrote it, or ${saveAgain}`,
    );
  }
  const problems = wrongFields(parsed);
  if (problems.length > 0) {
    throw new UserError(`the baseline ${source} is damaged: ${problems.join("; ")}`, saveAgain);
  }
  return parsed as Baseline;
}

function wrongFields(baseline: unknown): string[] {
  const problems: string[] = [];
  const need = (path: string, kind: "string" | "number") => {
    const value = path.split(".").reduce(field, baseline);
    const is = typeof value;
    if (is !== kind) problems.push(`${path} is ${value === undefined ? "missing" : `not a ${kind}`}`);
  };
  need("schema", "number");
  for (const name of ["stack", "savedAt", "apiImage", "machine.cpuModel", "machine.kernel", "machine.node"]) {
    need(name, "string");
  }
  for (const name of ["machine.cpus", "machine.memoryGiB"]) need(name, "number");
  const own = Object.keys(field(field(baseline, "plan"), "dials") ?? {});
  for (const dials of ["plan", ...own.map((scenario) => `plan.dials.${scenario}`)]) {
    for (const name of ["connections", "durationSeconds", "warmupSeconds"])
      need(`${dials}.${name}`, "number");
    const rate = `${dials}.ratePerSecond`;
    if (rate.split(".").reduce(field, baseline) !== undefined) need(rate, "number");
  }
  need("plan.users", "number");
  return [...problems, ...wrongScenarios(field(baseline, "scenarios"))];
}

function wrongScenarios(scenarios: unknown): string[] {
  if (!Array.isArray(scenarios)) return ["scenarios is not a list"];
  if (scenarios.length === 0) return ["there is no scenario in it"];
  return scenarios.flatMap((each: unknown, at) => {
    const name = field(each, "scenario");
    const repeats = field(each, "repeats");
    if (typeof name !== "string" || !Array.isArray(repeats)) return [`scenario ${at + 1} is incomplete`];
    return repeats.flatMap((repeat: unknown, nth) =>
      figures
        .filter((figure) => !isPositive(field(repeat, figure)))
        .map((figure) => `${figure} of ${name}, repeat ${nth + 1}, is not a positive number`),
    );
  });
}

function field(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}

function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}
