import {
  type CommandSpec,
  helpOf,
  knownNames,
  parseCommandLine,
  stackOption,
  wholeNumber,
} from "../../host/command-line.ts";

/** Names of the changes, in the order in which they are made. */
export const changeNames = ["rollouts", "pods", "drain", "rotation", "pools"] as const;
/** A kind of change of a running stack. */
export type ChangeName = (typeof changeNames)[number];

/** The options of `npm run prove:zero-downtime`. */
export interface ZeroDowntimeCommand {
  stack: string | undefined;
  only: ChangeName[];
  /** Least number of requests. */
  requests: number;
  /** Roll-outs of the gateway and of the API. */
  rounds: number;
  /** Requests per second. */
  rate: number;
  json: string | undefined;
  help: boolean;
}

const spec = {
  command: "npm run prove:zero-downtime",
  about: `Changes a deployed stack in every way that must lose no request, under GET, PUT and POST: roll-outs, pods that are deleted,
a drained node, a rotation of all passwords, another pool (docs/operations.md#zero-downtime). The exit code is 1 when a request
fails or an acknowledged write is lost, or when a gateway as public images configure it loses none.`,
  options: {
    stack: stackOption,
    only: { type: "string", value: "LIST", default: changeNames.join(","), about: "changes" },
    requests: { type: "string", value: "N", default: "20000", about: "least number of requests" },
    rounds: {
      type: "string",
      value: "N",
      default: "2",
      about: "roll-outs of the gateway and of the API; more, until\n--requests are sent",
    },
    rate: {
      type: "string",
      value: "N",
      default: "200",
      about: "requests per second; the machine must have CPU time for it and for new pods",
    },
    json: { type: "string", value: "FILE", about: "write the results there" },
  },
  notes: `The full form: --requests 1000000 --rounds 10 --rate 1500
It needs the embedded cluster, for the gateway of its control, and the kit's API with two pods or more, and two gateway pods.
It leaves the passwords' next versions in the stack's config.`,
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseZeroDowntimeCommand(args: readonly string[]): ZeroDowntimeCommand {
  const { values, help } = parseCommandLine(spec, args);
  const only = knownNames(spec, "only", values.only, changeNames);
  return {
    stack: values.stack,
    only: changeNames.filter((name) => only.includes(name)),
    requests: wholeNumber(spec, "requests", values.requests, 1000, 100_000_000),
    rounds: wholeNumber(spec, "rounds", values.rounds, 1, 1000),
    rate: wholeNumber(spec, "rate", values.rate, 50, 20_000),
    json: values.json,
    help,
  };
}
