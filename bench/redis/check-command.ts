import {
  type CommandSpec,
  helpOf,
  parseCommandLine,
  stackOption,
  wholeNumber,
  wrongCommandLine,
} from "../../host/command-line.ts";

/** The options of `npm run redis:check`. */
export interface CheckCommand {
  stack: string | undefined;
  seconds: number;
  /** Writes per second, and as many reads. */
  rate: number;
  keys: number;
  maxLost: number;
  maxStaleMs: number;
  json: string | undefined;
  help: boolean;
}

const spec = {
  command: "npm run redis:check",
  about: `Writes numbered keys to the Redis Cluster of a deployed stack and reads them back, while you inject a fault or scale it.
Reports acknowledged writes that were lost, stale reads with their age, and for each shard the longest time without a write.`,
  options: {
    stack: stackOption,
    duration: { type: "string", value: "TIME", default: "30s", about: "how long it writes, as 30s or 5m" },
    rate: { type: "string", value: "N", default: "100", about: "writes per second, and as many reads" },
    keys: {
      type: "string",
      value: "N",
      default: "1000",
      about: "number of keys that it writes again and again",
    },
    "max-lost": { type: "string", value: "N", default: "0", about: "acknowledged writes that may be lost" },
    "max-stale": {
      type: "string",
      value: "MS",
      default: "100",
      about: "greatest age of a stale read, in milliseconds",
    },
    json: { type: "string", value: "FILE", about: "write the result there" },
  },
  notes: `The writer is a pod of the API's image in the stack's namespace, which the command removes. Its keys have a prefix of their
own, breakwater-check, expire, and are removed at the end.
Exit code: 0 good, 1 more was lost or a read was older than allowed, or the check could not run, 2 wrong usage.`,
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseCheckCommand(args: readonly string[]): CheckCommand {
  const { values, help } = parseCommandLine(spec, args);
  return {
    stack: values.stack,
    seconds: durationOf(values.duration),
    rate: wholeNumber(spec, "rate", values.rate, 1, 5000),
    keys: wholeNumber(spec, "keys", values.keys, 1, 1_000_000),
    maxLost: wholeNumber(spec, "max-lost", values["max-lost"], 0, 1_000_000_000),
    maxStaleMs: wholeNumber(spec, "max-stale", values["max-stale"], 0, 86_400_000),
    json: values.json,
    help,
  };
}

function durationOf(text: string): number {
  const [, number, unit] = /^(\d{1,5}) ?(s|m)$/.exec(text) ?? [];
  const seconds = Number(number) * (unit === "m" ? 60 : 1);
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw wrongCommandLine(spec, `--duration ${text}: must be from 1s to 1440m, such as 30s or 5m`);
}
