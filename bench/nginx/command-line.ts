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

/** The options of `npm run bench:nginx`. */
export interface GatewaysCommand {
  stack: string | undefined;
  arms: string[];
  routes: string[];
  connections: number[];
  rounds: number;
  seconds: number;
  /** Files with further configurations of Nginx. */
  confs: string[];
  /** Numbers of pods on the gateway's own loopback interface. */
  peers: number[];
  json: string | undefined;
  help: boolean;
}

/** Names of the gateways, in the order of the table. */
export const armNames = ["kit", "no-keepalive", "public", "haproxy"] as const;
/** Names of the kinds of requests. */
export const routeNames = ["light", "read", "list", "upload"] as const;

const spec = {
  command: "npm run bench:nginx",
  about: `Compares what a request costs through several gateways with what it costs without one, on a deployed stack of the
embedded cluster. The result is the number of requests for each second of CPU time of the whole machine, the load
generator not counted, relative to requests that go to the pods themselves. Turns are interleaved.`,
  options: {
    stack: stackOption,
    arms: { type: "string", value: "LIST", default: armNames.join(","), about: "gateways to compare" },
    routes: { type: "string", value: "LIST", default: "light,read", about: `of ${routeNames.join(", ")}` },
    connections: {
      type: "string",
      value: "LIST",
      default: "16,128",
      about: "connections, from 1 to 2000 each",
    },
    rounds: {
      type: "string",
      value: "N",
      default: "6",
      about: `turns of each gateway; an even number from ${minRepeats + 1}`,
    },
    seconds: { type: "string", value: "S", default: "3", about: "length of a turn, from 1 to 60" },
    conf: {
      type: "string",
      multiple: true,
      value: "FILE",
      about: "an nginx.conf to compare as well, named by its file",
    },
    peers: {
      type: "string",
      value: "LIST",
      default: "",
      about: "also the gateway with so many pods, all on its own loopback interface; from 1 to 10000 each",
    },
    json: { type: "string", value: "FILE", about: "write all turns there" },
  },
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseGatewaysCommand(args: readonly string[]): GatewaysCommand {
  const { values, help } = parseCommandLine(spec, args);
  const rounds = wholeNumber(spec, "rounds", values.rounds, 2, 1000);
  if (rounds % 2 === 1 || rounds < minRepeats)
    throw wrongCommandLine(spec, `--rounds ${rounds}: must be an even number from ${minRepeats + 1}`);
  return {
    stack: values.stack,
    arms: knownNames(spec, "arms", values.arms, armNames),
    routes: knownNames(spec, "routes", values.routes, routeNames),
    connections: values.connections.split(",").map((text) => wholeNumber(spec, "connections", text, 1, 2000)),
    rounds,
    seconds: wholeNumber(spec, "seconds", values.seconds, 1, 60),
    confs: values.conf ?? [],
    peers: values.peers
      .split(",")
      .filter((text) => text !== "")
      .map((text) => wholeNumber(spec, "peers", text, 1, 10_000)),
    json: values.json,
    help,
  };
}
