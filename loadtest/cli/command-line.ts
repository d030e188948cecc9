import { type ApiPrefix, apiPrefixes } from "../../contract/api-prefix.ts";
import { helpOf, type OptionValues, parseCommandLine } from "../../host/command-line.ts";
import type { Purpose } from "../compare/repeated-run.ts";
import { wrongUsage } from "../errors.ts";
import { type FaultName, parseFault } from "../faults/faults.ts";
import { loadtestSpec } from "./options.ts";

/** A parsed command line. Undefined fields come from the stack's outputs. */
export interface Command {
  help: boolean;
  stack: string;
  /** A file with the outputs; undefined: read them with pulumi. */
  outputs: string | undefined;
  /** Folder of the report; undefined: a new one in loadtest/reports. */
  out: string | undefined;
  /** File that a first form of requests is made from; nothing is loaded then. */
  from: string | undefined;
  /** Prefix of the API's paths in that form; undefined: `/api/`. */
  prefix: ApiPrefix | undefined;
  /** File for another copy of report.json. */
  json: string | undefined;
  /** Address to load instead of the stack's endpoint. Pods are not watched then. */
  against: string | undefined;
  /** Whether a connection carries several requests. */
  keepAlive: boolean;
  /** File with certificates of authorities; undefined: those that Node.js knows. */
  ca: string | undefined;
  /** Whether any certificate is accepted. */
  insecure: boolean;
  /** Names of scenarios; none: all that are enabled. */
  scenarios: readonly string[];
  connections: number | undefined;
  /** Requests per second, for every scenario. */
  rate: number | undefined;
  threads: number | undefined;
  durationSeconds: number | undefined;
  warmupSeconds: number | undefined;
  fault: FaultName | undefined;
  /** Repeat every scenario, and save the results as baseline or compare them with it. */
  purpose: Purpose | undefined;
  /** Compare these two images of the API side by side, or with `comparesPools` the pods of two Deployments. */
  images: readonly [string, string] | undefined;
  comparesPools: boolean;
  /** Turns of each scenario, when it is repeated. */
  repeats: number;
}

/** Default times. A fault needs time to recover from; a repeated turn may be short. */
const stackTimes = { durationSeconds: undefined, warmupSeconds: undefined };
const faultTimes = { durationSeconds: 20, warmupSeconds: undefined };
const turnTimes = { durationSeconds: 5, warmupSeconds: 1 };

type Values = OptionValues<typeof loadtestSpec.options>;

export const helpText = helpOf(loadtestSpec);

/**
 * Parses the arguments after the script's name.
 *
 * @throws {UserError} with exit code 2 on an unknown option, a missing value, or a value outside its range.
 */
export function parseCommand(args: readonly string[], env: NodeJS.ProcessEnv): Command {
  const { values, help } = parseCommandLine(loadtestSpec, repeatPairOptions(args));
  if (values.fault !== undefined && values.against !== undefined)
    throw wrongUsage("--fault changes the stack: it does not go with --against");
  if (values.insecure && values.ca !== undefined)
    throw wrongUsage("--insecure accepts any certificate: it does not go with --ca");
  if (values.from !== undefined && (values.against ?? values.fault ?? values.json) !== undefined)
    throw wrongUsage("--from runs nothing: it goes with --out only");
  if (values.prefix !== undefined && values.from === undefined)
    throw wrongUsage("--prefix is of --from, which it goes with");
  if (values.stack === "") throw wrongUsage("--stack must have the name of a stack");
  const fault = optional(values.fault, (name) => parseFault(name).name);
  const purpose = purposeOf(values);
  const images = imagesOf(values);
  const isRepeated = purpose !== undefined || images !== undefined;
  const { durationSeconds, warmupSeconds } = fault ? faultTimes : isRepeated ? turnTimes : stackTimes;
  return {
    help,
    stack: values.stack ?? (env.PULUMI_STACK || "local"),
    scenarios: values.scenario.flatMap((names) => names.split(",")),
    outputs: values.outputs,
    out: values.out,
    from: values.from,
    prefix: optional(values.prefix, prefixOf),
    json: values.json,
    against: optional(values.against, (text) => url("--against", text)),
    keepAlive: !values["no-keep-alive"],
    ca: values.ca,
    insecure: values.insecure,
    connections: optional(values.connections, (text) => wholeNumber("--connections", text, 10_000)),
    rate: optional(values.rate, ratePerSecond),
    threads: optional(values.threads, (text) => wholeNumber("--threads", text, 64)),
    purpose,
    images,
    comparesPools: values["compare-pools"].length > 0,
    repeats: optional(values.repeats, evenRepeats) ?? 8,
    fault,
    durationSeconds: optional(values.duration, (text) => seconds("--duration", text, 1)) ?? durationSeconds,
    warmupSeconds: optional(values.warmup, (text) => seconds("--warmup", text, 0)) ?? warmupSeconds,
  };
}

function prefixOf(text: string): ApiPrefix {
  const found = apiPrefixes.find((prefix) => prefix === text);
  if (found === undefined) throw wrongUsage(`--prefix ${text}: must be ${apiPrefixes.join(" or ")}`);
  return found;
}

const optional = <T>(text: string | undefined, read: (text: string) => T): T | undefined =>
  text === undefined ? undefined : read(text);

const pairOptions = ["--compare-images", "--compare-pools"] as const;

/** Turns `--compare-images A B` into `--compare-images A --compare-images B`. */
function repeatPairOptions(args: readonly string[]): string[] {
  let inOption: string | undefined;
  return args.flatMap((arg, index) => {
    const isValue = !arg.startsWith("-");
    const follows = inOption !== undefined && isValue && args[index - 1] !== inOption ? inOption : undefined;
    const begun = pairOptions.find((option) => arg === option || arg.startsWith(`${option}=`));
    inOption = begun ?? (isValue ? inOption : undefined);
    return follows === undefined ? [arg] : [follows, arg];
  });
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most)
    throw wrongUsage(`${option} ${text}: must be a whole number from 1 to ${most}`);
  return value;
}

function purposeOf({ "save-baseline": save, compare, fault }: Values): Purpose | undefined {
  if (save && compare) throw wrongUsage("--save-baseline and --compare are two runs: give one of them");
  if ((save || compare) && fault !== undefined)
    throw wrongUsage(
      "--fault makes results that cannot be compared: leave --save-baseline and --compare out",
    );
  return save ? "save" : compare ? "compare" : undefined;
}

function imagesOf(values: Values): Command["images"] {
  const option = values["compare-images"].length > 0 ? "compare-images" : "compare-pools";
  const [first, second, unexpected] = values[option];
  if (first === undefined) return undefined;
  const kind = option === "compare-images" ? "images" : "Deployments of the API";
  if (second === undefined || unexpected !== undefined)
    throw wrongUsage(`--${option} ${first}: wants two ${kind}, as --${option} A B`);
  const others = ["against", "fault", "compare", "save-baseline", "compare-pools"] as const;
  for (const other of others.filter((each) => each !== option))
    if (isGiven(values[other]))
      throw wrongUsage(`--${option} is a run of its own: it does not go with --${other}`);
  return [first, second];
}

function isGiven(value: string | boolean | readonly string[] | undefined): boolean {
  return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
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

function url(option: string, text: string): string {
  if (!/^https?:\/\/[^/\s]+/.test(text) || !URL.canParse(text))
    throw wrongUsage(`${option} ${text}: must be an address like http://127.0.0.1:8080`);
  return text.replace(/\/+$/, "");
}

function seconds(option: string, text: string, least: number): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)$/.exec(text.replace(" ", ""));
  const perUnit: Record<string, number> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };
  const value = Number(match?.[1]) * (perUnit[match?.[2] ?? ""] ?? Number.NaN);
  if (!(value >= least && value <= 24 * 3600)) {
    throw wrongUsage(`${option} ${text}: must be a time with its unit from ${least}s to 24h, as 30s or 2m`);
  }
  return value;
}
