import {
  type CommandSpec,
  helpOf,
  parseCommandLine,
  stackOption,
  wrongCommandLine,
} from "../host/command-line.ts";
import type { Wish } from "./sizing/sizing.ts";

/** What the user asked of `npm run capacity`. */
export interface CapacityOptions {
  /** Numbers of API pods, ascending, each once. */
  pods: number[];
  /** The load to size for; undefined: the report has no sizes. */
  wish: Wish | undefined;
  scenario: string | undefined;
  rounds: number;
  /** Share by which the lowest failed rate is above the highest passed one at the end of a search. */
  precision: number;
  maxSteps: number;
  maxRate: number;
  durationSeconds: number;
  warmupSeconds: number;
  connections: number | undefined;
  threads: number | undefined;
  /** Go on with the steps of an earlier run. */
  resume: boolean;
  /** Only put the number of pods back that a killed run has left. */
  restore: boolean;
  /** Folder of the report; undefined: a new one in capacity/reports. */
  out: string | undefined;
}

/** The options that a resumed run must share with the run that measured the steps. */
export type MeasuringOptions = Omit<CapacityOptions, "wish" | "resume" | "restore" | "out">;

const spec = {
  command: "npm run capacity",
  about: `Finds the highest rate that a deployed stack carries with all gates passed, for several numbers of API pods; fits the
Universal Scalability Law; and says which sizes a wished rate means.`,
  options: {
    stack: stackOption,
    pods: {
      type: "string",
      value: "N,N",
      default: "1,2,3",
      about: "numbers of API pods, 1 to 500; three or more for the law",
    },
    rate: { type: "string", value: "N", about: "requests per second to size the stack for" },
    headroom: {
      type: "string",
      value: "SHARE",
      default: "30%",
      about: "what comes on top of --rate, 0% to 900%",
    },
    scenario: {
      type: "string",
      value: "NAME",
      about: "the scenario of stack config to load with (default: write-mix, else the first enabled one)",
    },
    rounds: {
      type: "string",
      value: "N",
      default: "3",
      about: "searches of each number of pods, 1 to 20; with 1 the noise is not known",
    },
    precision: {
      type: "string",
      value: "SHARE",
      default: "5%",
      about: "width of the rates at the end of a search, 1% to 50%",
    },
    "max-steps": { type: "string", value: "N", default: "20", about: "most steps of a search, 3 to 100" },
    "max-rate": {
      type: "string",
      value: "N",
      default: "100000",
      about: "highest rate that is tried, in requests per second",
    },
    duration: { type: "string", value: "TIME", default: "10s", about: "measured time of a step, 2s to 10m" },
    warmup: {
      type: "string",
      value: "TIME",
      default: "2s",
      about: "time of a step that does not count, 0s to 1m",
    },
    connections: {
      type: "string",
      value: "N",
      about: "open connections, 1 to 10000 (default: stack config)",
    },
    threads: {
      type: "string",
      value: "N",
      about: "threads that make the load, 1 to 64 (default: stack config)",
    },
    resume: {
      type: "boolean",
      about: "go on with the steps of the stack's last run, which had the same options",
    },
    restore: { type: "boolean", about: "only put the number of pods back that a killed run has left" },
    out: {
      type: "string",
      value: "DIR",
      about: "the folder of the report (default: a new folder in capacity/reports)",
    },
  },
  notes: `The number of API pods of the running stack changes during the run, and is put back at its end, also when the run fails or
is interrupted. After a run that was killed, the next run or --restore puts it back. The stack is loaded beyond its capacity: use
one that is like production, and not production.
Exit codes: 0 a capacity was found, 98 no number of pods had one, 1 the run could not be made, 2 wrong usage,
130 the run was interrupted.`,
} as const satisfies CommandSpec;

/** Help text of the command. */
export const capacityHelp: string = helpOf(spec);

/** A wrong option: what is wrong, with the rule. */
export const wrongCapacityUsage = (what: string) => wrongCommandLine(spec, what);

/** @throws {UserError} with exit code 2 on an unknown option, or a value outside its range. */
export function parseCapacityCommand(args: readonly string[]) {
  const { values, help } = parseCommandLine(spec, args);
  const rate = values.rate === undefined ? undefined : decimal("rate", values.rate, 0.1, 1_000_000);
  const headroom = share("headroom", values.headroom, 0, 9);
  const options: CapacityOptions = {
    pods: podCounts(values.pods),
    wish: rate === undefined ? undefined : { rate, headroom },
    scenario: values.scenario,
    rounds: integer("rounds", values.rounds, 1, 20),
    precision: share("precision", values.precision, 0.01, 0.5),
    maxSteps: integer("max-steps", values["max-steps"], 3, 100),
    maxRate: decimal("max-rate", values["max-rate"], 1, 1_000_000),
    durationSeconds: seconds("duration", values.duration, 2, 600),
    warmupSeconds: seconds("warmup", values.warmup, 0, 60),
    connections:
      values.connections === undefined ? undefined : integer("connections", values.connections, 1, 10_000),
    threads: values.threads === undefined ? undefined : integer("threads", values.threads, 1, 64),
    resume: values.resume,
    restore: values.restore,
    out: values.out,
  };
  if (options.restore && options.resume)
    throw wrongCapacityUsage("--restore only puts the pods back: it does not go with --resume");
  return { stack: values.stack, options, help };
}

function podCounts(text: string): number[] {
  const counts = text.split(",").map((part) => integer("pods", part, 1, 500, text));
  if (new Set(counts).size !== counts.length)
    throw wrongCapacityUsage(`--pods ${text}: must have each number of pods once`);
  return counts.sort((a, b) => a - b);
}

function integer(option: string, text: string, least: number, most: number, whole = text): number {
  if (!/^(?:0|[1-9]\d{0,8})$/.test(text) || Number(text) < least || Number(text) > most)
    throw wrongCapacityUsage(
      `--${option} ${whole}: must be ${whole === text ? "a whole number" : "whole numbers"} from ${least} to ${most}${option === "pods" ? ", as 1,2,3" : ""}`,
    );
  return Number(text);
}

function decimal(option: string, text: string, least: number, most: number): number {
  if (!/^\d{1,9}(\.\d+)?$/.test(text) || Number(text) < least || Number(text) > most)
    throw wrongCapacityUsage(
      `--${option} ${text}: must be requests per second from ${least} to ${most}, as 500`,
    );
  return Number(text);
}

function share(option: string, text: string, least: number, most: number): number {
  const value = Number(/^(\d{1,4}(?:\.\d+)?) ?%$/.exec(text)?.[1] ?? Number.NaN) / 100;
  if (!(value >= least && value <= most))
    throw wrongCapacityUsage(
      `--${option} ${text}: must be a share from ${least * 100}% to ${most * 100}%, as 30%`,
    );
  return value;
}

function seconds(option: string, text: string, least: number, most: number): number {
  const [, number, unit] = /^(\d{1,6}(?:\.\d+)?) ?(s|m)$/.exec(text) ?? [];
  const value = Number(number ?? Number.NaN) * (unit === "m" ? 60 : 1);
  if (!(value >= least && value <= most))
    throw wrongCapacityUsage(`--${option} ${text}: must be a time from ${least}s to ${most / 60}m, as 10s`);
  return value;
}
