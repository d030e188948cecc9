import { parseArgs } from "node:util";
import type { Purpose } from "../compare/repeated-run.ts";
import { wrongUsage } from "../errors.ts";
import { type FaultName, faults, parseFault } from "../faults/fault.ts";

/** What the command line asks for; what it leaves out comes from the stack's outputs. */
export interface Command {
  help: boolean;
  stack: string;
  /** A file with the outputs, instead of asking pulumi. */
  outputs: string | undefined;
  /** Folder for the report, instead of a new one under loadtest/reports. */
  out: string | undefined;
  /** One more copy of report.json. */
  json: string | undefined;
  /** Another address than the stack's; pods are not watched then. */
  against: string | undefined;
  /** Names; none: all that are enabled. */
  scenarios: readonly string[];
  connections: number | undefined;
  /** Requests per second, for every scenario. */
  rate: number | undefined;
  threads: number | undefined;
  durationSeconds: number | undefined;
  warmupSeconds: number | undefined;
  fault: FaultName | undefined;
  /** Repeat every scenario, and keep the figures or hold them against those that were kept. */
  purpose: Purpose | undefined;
  /** Compare these two images of the API side by side. */
  images: readonly [string, string] | undefined;
  /** How often each scenario is repeated then. */
  repeats: number;
}

export const helpText = `Usage: npm run loadtest [-- options]

Loads a deployed stack, watches every pod meanwhile, and judges the run by the stack's gates.

  --scenario NAME      only this scenario; may be given more than once. Stack config defines them
                       (loadtest.scenarios); at first there is light, cached-read, write-mix,
                       heavy-mix and writes
  --duration TIME      measured time of each scenario, as 30s or 2m
  --warmup TIME        time before it that does not count, as 3s
  --connections N      connections held open, 1 to 10000
  --rate N             requests per second, each due at its own time; its latency counts from then.
                       Without it each connection sends the next request when the last one is answered
  --threads N          threads that make the load, 1 to 64
  --fault NAME         strike this in the middle of the first scenario, and tell how the stack took it;
                       with it a run is write-mix alone, for 20s, unless told otherwise
${faults.map(({ name, about }) => `                         ${name.padEnd(20)}${about}`).join("\n")}
  --save-baseline      repeat every scenario and keep the figures of this stack and machine
  --compare            repeat every scenario and hold the figures against the baseline: better, same, worse
  --compare-images A B deploy a pod of each image beside the stack, load them in turns next to each other, and say
                       whether B is better, same or worse; the pods are removed again
  --repeats N          how often, even, 6 to 40 (default: 8); each takes 5s unless told otherwise
  --against URL        load this address instead of the stack's; no pods are watched then
  --json FILE          write the report's JSON there too
  --out DIR            write report.json and report.html there (default: a new folder in loadtest/reports)
  -s, --stack NAME     the stack to load (default: $PULUMI_STACK, else local)
  --outputs FILE       read the outputs from a file that pulumi stack output --json wrote
  --help

Defaults of duration, warm-up, connections and threads, the scenarios and the gates, are stack config: loadtest.*
Exit codes: 0 pass, 99 a gate failed, 98 the run is invalid (the generator was the limit, or it was interrupted),
1 the run could not be made or measured, 2 wrong usage.`;

/**
 * Reads the arguments after the script's name.
 *
 * @throws {UserError} with exit code 2 on an unknown flag, a missing value, or a value outside its range.
 */
export function parseCommand(args: string[], env: NodeJS.ProcessEnv): Command {
  const { values, positionals } = parse(args);
  if (values.fault !== undefined && values.against !== undefined)
    throw wrongUsage("--fault strikes the stack: it does not go with --against");
  return {
    help: values.help === true,
    stack: values.stack ?? env.PULUMI_STACK ?? "local",
    scenarios: (values.scenario ?? []).flatMap((names) => names.split(",")),
    outputs: values.outputs,
    out: values.out,
    json: values.json,
    against: optional(values.against, (text) => url("--against", text)),
    connections: optional(values.connections, (text) => wholeNumber("--connections", text, 10_000)),
    rate: optional(values.rate, ratePerSecond),
    threads: optional(values.threads, (text) => wholeNumber("--threads", text, 64)),
    durationSeconds: optional(values.duration, (text) => seconds("--duration", text, 1)),
    purpose: purposeOf(values["save-baseline"] === true, values.compare === true, values.fault),
    images: imagesOf(values, positionals),
    repeats: optional(values.repeats, evenRepeats) ?? 8,
    fault: optional(values.fault, (name) => parseFault(name).name),
    warmupSeconds: optional(values.warmup, (text) => seconds("--warmup", text, 0)),
  };
}

const optional = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
  text === undefined ? undefined : read(text);

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      strict: true,
      // Only the second image is one; what else there is, is refused by hand.
      allowPositionals: true,
      options: {
        scenario: { type: "string", multiple: true },
        duration: { type: "string" },
        warmup: { type: "string" },
        connections: { type: "string" },
        rate: { type: "string" },
        threads: { type: "string" },
        against: { type: "string" },
        json: { type: "string" },
        fault: { type: "string" },
        "save-baseline": { type: "boolean" },
        compare: { type: "boolean" },
        "compare-images": { type: "string" },
        repeats: { type: "string" },
        out: { type: "string" },
        stack: { type: "string", short: "s" },
        outputs: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    // Node's first sentence says what is wrong; what follows is about positional arguments, which there are none of.
    const [what = ""] = (error as Error).message.split(/\. |\n/);
    throw wrongUsage(what);
  }
}

function wholeNumber(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most)
    throw wrongUsage(`${flag} ${text}: must be a whole number from 1 to ${most}`);
  return value;
}

function purposeOf(save: boolean, compare: boolean, fault: string | undefined): Purpose | undefined {
  if (save && compare) throw wrongUsage("--save-baseline and --compare are two runs: give one of them");
  if ((save || compare) && fault !== undefined)
    throw wrongUsage(
      "--fault makes figures that compare with nothing: leave --save-baseline and --compare out",
    );
  return save ? "save" : compare ? "compare" : undefined;
}

function imagesOf(
  values: ReturnType<typeof parse>["values"],
  [second, unexpected]: string[],
): Command["images"] {
  const first = values["compare-images"];
  if (first === undefined) {
    if (second !== undefined) throw wrongUsage(`Unexpected argument '${second}'`);
    return undefined;
  }
  if (second === undefined || unexpected !== undefined)
    throw wrongUsage(`--compare-images ${first}: wants two images, as --compare-images A B`);
  for (const other of ["against", "fault", "compare", "save-baseline"] as const)
    if (values[other] !== undefined)
      throw wrongUsage(`--compare-images is a run of its own: it does not go with --${other}`);
  return [first, second];
}

function evenRepeats(text: string): number {
  const value = wholeNumber("--repeats", text, 40);
  if (value < 6 || value % 2 === 1)
    throw wrongUsage(
      `--repeats ${text}: must be an even number from 6 to 40, for turns in which drift cancels`,
    );
  return value;
}

function ratePerSecond(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value < 0.1 || value > 1_000_000)
    throw wrongUsage(`--rate ${text}: must be requests per second from 0.1 to 1000000, as 500`);
  return value;
}

function url(flag: string, text: string): string {
  if (!/^https?:\/\/[^/\s]+/.test(text) || !URL.canParse(text))
    throw wrongUsage(`${flag} ${text}: must be an address like http://127.0.0.1:8080`);
  return text.replace(/\/+$/, "");
}

function seconds(flag: string, text: string, least: number): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)$/.exec(text.replace(" ", ""));
  const perUnit: Record<string, number> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };
  const value = Number(match?.[1]) * (perUnit[match?.[2] ?? ""] ?? Number.NaN);
  if (!(value >= least && value <= 24 * 3600)) {
    throw wrongUsage(`${flag} ${text}: must be a time with its unit from ${least}s to 24h, as 30s or 2m`);
  }
  return value;
}
