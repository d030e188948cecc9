import { parseArgs } from "node:util";
import { type Scenario, scenarioNames, scenarios } from "./scenarios.ts";
import { WrongUsage } from "./verdict.ts";

/** What the command line asks for; what it leaves out comes from the stack's outputs. */
export interface Command {
  help: boolean;
  stack: string;
  /** A file with the outputs, instead of asking pulumi. */
  outputs?: string;
  /** Folder for the report, instead of a new one under loadtest/reports. */
  out?: string;
  scenarios: readonly Scenario[];
  connections?: number;
  durationSeconds?: number;
  warmupSeconds?: number;
}

export const helpText = `Usage: npm run loadtest [-- options]

Loads a deployed stack with autocannon, watches every pod meanwhile, and judges the run by the stack's gates.

  --scenario NAME      only this scenario; may be given more than once
${scenarios.map(({ name, about }) => `                         ${name.padEnd(12)} ${about}`).join("\n")}
  --duration TIME      measured time of each scenario, as 30s or 2m
  --warmup TIME        time before it that does not count, as 3s
  --connections N      connections held open, 1 to 10000
  --out DIR            write report.json and report.html there (default: a new folder in loadtest/reports)
  --stack NAME         the stack to load (default: $PULUMI_STACK, else local)
  --outputs FILE       read the outputs from a file that pulumi stack output --json wrote
  --help

Defaults of duration, warm-up and connections, and the gates, are stack config: loadtest.*
Exit codes: 0 pass, 99 a gate failed, 1 the run could not be made or measured, 2 wrong usage.`;

/**
 * Reads the arguments after the script's name.
 *
 * @throws WrongUsage on an unknown flag, a missing value, or a value outside its range.
 */
export function parseCommand(args: string[], env: NodeJS.ProcessEnv): Command {
  const values = parse(args);
  const chosen = (values.scenario ?? []).flatMap((names) => names.split(","));
  return {
    help: values.help === true,
    stack: values.stack ?? env.PULUMI_STACK ?? "local",
    ...(values.outputs === undefined ? {} : { outputs: values.outputs }),
    ...(values.out === undefined ? {} : { out: values.out }),
    scenarios: chosen.length === 0 ? scenarios : chosen.map(scenarioNamed),
    ...(values.connections === undefined ? {} : { connections: wholeNumber(values.connections) }),
    ...(values.duration === undefined ? {} : { durationSeconds: seconds("--duration", values.duration, 1) }),
    ...(values.warmup === undefined ? {} : { warmupSeconds: seconds("--warmup", values.warmup, 0) }),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      strict: true,
      allowPositionals: false,
      options: {
        scenario: { type: "string", multiple: true },
        duration: { type: "string" },
        warmup: { type: "string" },
        connections: { type: "string" },
        out: { type: "string" },
        stack: { type: "string" },
        outputs: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    // Node's first sentence says what is wrong; what follows is about positional arguments, which there are none of.
    const [what = ""] = (error as Error).message.split(/\. |\n/);
    throw new WrongUsage(what);
  }
}

function scenarioNamed(name: string): Scenario {
  const scenario = scenarios.find((each) => each.name === name);
  if (!scenario) throw new WrongUsage(`--scenario ${name}: there is ${scenarioNames.join(", ")}`);
  return scenario;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 10_000) {
    throw new WrongUsage(`--connections ${text}: must be a whole number from 1 to 10000`);
  }
  return value;
}

function seconds(flag: string, text: string, least: number): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)$/.exec(text.replace(" ", ""));
  const perUnit: Record<string, number> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };
  const value = Number(match?.[1]) * (perUnit[match?.[2] ?? ""] ?? Number.NaN);
  if (!(value >= least && value <= 24 * 3600)) {
    throw new WrongUsage(`${flag} ${text}: must be a time with its unit from ${least}s to 24h, as 30s or 2m`);
  }
  return value;
}
