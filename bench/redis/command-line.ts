import {
  type CommandSpec,
  helpOf,
  knownNames,
  parseCommandLine,
  stackOption,
  wholeNumber,
} from "../../host/command-line.ts";
import { faultNames, faults, type RedisFaultName } from "./faults.ts";

/** The options of `npm run prove:redis`. */
export interface RedisProofCommand {
  stack: string | undefined;
  only: RedisFaultName[];
  rounds: number;
  /** Writes per second of the check, and as many reads. */
  rate: number;
  /** PUTs per second through the API; each with seven GETs. */
  puts: number;
  pauseMs: number;
  partitionMs: number;
  json: string | undefined;
  help: boolean;
}

const longestName = Math.max(...faultNames.map((name) => name.length));

const spec = {
  command: "npm run prove:redis",
  about: `Injects faults into the Redis Cluster of a deployed stack under load, and checks that it heals by itself, loses no more
writes than its replication allows, and that no request through the API fails (docs/redis.md#proof). The exit code is 1 when not.`,
  options: {
    stack: stackOption,
    only: { type: "string", value: "LIST", default: faultNames.join(","), about: "faults, see below" },
    rounds: { type: "string", value: "N", default: "1", about: "how often each fault is injected" },
    rate: {
      type: "string",
      value: "N",
      default: "100",
      about: "writes per second of the check, and as many reads",
    },
    puts: {
      type: "string",
      value: "N",
      default: "5",
      about: "PUTs per second through the API, each with seven GETs",
    },
    pause: {
      type: "string",
      value: "SECONDS",
      default: "60",
      about: "how long primary-pause stops a server",
    },
    partition: { type: "string", value: "SECONDS", default: "15", about: "how long partitions last" },
    json: { type: "string", value: "FILE", about: "write all results there, after each fault" },
  },
  notes: `Faults:
${faults.map(({ name, about }) => `  ${name.padEnd(longestName)}  ${about}`).join("\n")}

It needs the embedded cluster and three shards. scale needs redis.memory of 256 MiB. After Ctrl-C it puts back what it changed.`,
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseProofCommand(args: readonly string[]): RedisProofCommand {
  const { values, help } = parseCommandLine(spec, args);
  const only = knownNames(spec, "only", values.only, faultNames);
  return {
    stack: values.stack,
    only: faultNames.filter((name) => only.includes(name)),
    rounds: wholeNumber(spec, "rounds", values.rounds, 1, 1000),
    rate: wholeNumber(spec, "rate", values.rate, 10, 5000),
    puts: wholeNumber(spec, "puts", values.puts, 1, 500),
    pauseMs: 1000 * wholeNumber(spec, "pause", values.pause, 1, 600),
    partitionMs: 1000 * wholeNumber(spec, "partition", values.partition, 5, 600),
    json: values.json,
    help,
  };
}
