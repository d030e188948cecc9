import {
  type CommandSpec,
  helpOf,
  knownNames,
  parseCommandLine,
  stackOption,
  wholeNumber,
  wrongCommandLine,
} from "../../host/command-line.ts";
import { minRepeats } from "../../measure/bootstrap.ts";

/** Names of the parts, in the order in which they run. */
export const partNames = [
  "membership",
  "dns",
  "weights",
  "retries",
  "cache",
  "rollouts",
  "slow-clients",
] as const;
/** One part of the proof. */
export type PartName = (typeof partNames)[number];

/** Parts that start pods of their own, reach pods by their addresses, or stop a daemon of the cluster. */
export const embeddedOnly: readonly PartName[] = ["dns", "weights", "retries", "cache", "rollouts"];

/** The options of `npm run prove:edge`. */
export interface EdgeCommand {
  stack: string | undefined;
  only: PartName[];
  requests: number;
  rounds: number;
  /** Requests per second of the load. */
  rate: number;
  /** Turns with slow clients, and as many without; turns of each kind of kept response. */
  turns: number;
  /** Connections that are idle during the pauses of `retries`. */
  idle: number;
  json: string | undefined;
  help: boolean;
}

const spec = {
  command: "npm run prove:edge",
  about: `Changes replicas, pauses DNS, ends pods, rolls out and attacks with slow clients under load, on a deployed stack, and
checks that the gateway keeps its promises (docs/gateway.md#proof). The exit code is 1 when it does not.`,
  options: {
    stack: stackOption,
    only: {
      type: "string",
      value: "LIST",
      default: partNames.join(","),
      about: "parts of the proof; all but membership and slow-clients need\nthe embedded cluster",
    },
    requests: {
      type: "string",
      value: "N",
      default: "20000",
      about: "least number of requests of weights and of rollouts",
    },
    rounds: {
      type: "string",
      value: "N",
      default: "2",
      about:
        "changes of the replicas; deaths for each method; pauses of 55 s;\nroll-outs of Nginx, and of the API",
    },
    rate: {
      type: "string",
      value: "N",
      default: "200",
      about: "requests per second; the machine must have CPU time for it and for the roll-outs",
    },
    turns: {
      type: "string",
      value: "N",
      default: "6",
      about: `turns with slow clients of each kind, and of kept responses;\nan even number from ${minRepeats + 1}`,
    },
    idle: {
      type: "string",
      value: "N",
      default: "64",
      about: "connections that are idle between the POSTs of retries",
    },
    json: { type: "string", value: "FILE", about: "write the results and the machine's load there" },
  },
  notes: `The full form: --requests 1000000 --rounds 10 --rate 1500 --turns 12
It puts back the replicas and removes its own pods, also after Ctrl-C.`,
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseEdgeCommand(args: readonly string[]): EdgeCommand {
  const { values, help } = parseCommandLine(spec, args);
  const only = knownNames(spec, "only", values.only, partNames);
  const turns = wholeNumber(spec, "turns", values.turns, 2, 100);
  if (turns % 2 === 1 || turns < minRepeats)
    throw wrongCommandLine(spec, `--turns ${turns}: must be an even number from ${minRepeats + 1}`);
  return {
    stack: values.stack,
    only: partNames.filter((name) => only.includes(name)),
    requests: wholeNumber(spec, "requests", values.requests, 1000, 100_000_000),
    rounds: wholeNumber(spec, "rounds", values.rounds, 1, 1000),
    rate: wholeNumber(spec, "rate", values.rate, 50, 20_000),
    turns,
    idle: wholeNumber(spec, "idle", values.idle, 1, 4000),
    json: values.json,
    help,
  };
}
