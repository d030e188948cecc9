import { type CommandSpec, helpOf, parseCommandLine, wrongCommandLine } from "../../host/command-line.ts";

/** The parts of the comparison, as `--part` takes them. */
export const parts = ["light", "cached-read", "heavy-mix"] as const;
export type Part = (typeof parts)[number];

/** The options of `npm run bench:api`. */
export interface SpeedCommand {
  rounds: number;
  durationMs: number;
  parts: Part[];
  json: string | undefined;
  gate: boolean;
  help: boolean;
}

const spec = {
  command: "npm run bench:api",
  about:
    "Compares the API with other servers in one run, in turns: raw node:http, Fastify, Express 5, and PM2's cluster of two.",
  options: {
    rounds: {
      type: "string",
      value: "N",
      default: "20",
      about: "turns of each server, an even number from 6",
    },
    duration: { type: "string", value: "S", default: "2", about: "seconds of each turn, from 0.2 to 60" },
    part: {
      type: "string",
      multiple: true,
      value: "NAME",
      about: `only this part, may be given again: ${parts.join(", ")}`,
    },
    json: { type: "string", value: "FILE", about: "write all results there" },
    gate: { type: "boolean", about: "exit code 1 when a target is missed" },
  },
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseSpeedCommand(args: readonly string[]): SpeedCommand {
  const { values, help } = parseCommandLine(spec, args);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 6 || rounds % 2 === 1)
    throw wrongCommandLine(spec, `--rounds ${values.rounds}: must be an even number from 6`);
  const seconds = Number(values.duration);
  if (!(seconds >= 0.2 && seconds <= 60))
    throw wrongCommandLine(spec, `--duration ${values.duration}: must be a number of seconds from 0.2 to 60`);
  const chosen = values.part.map((name) => {
    const part = parts.find((each) => each === name);
    if (part === undefined)
      throw wrongCommandLine(spec, `--part ${name}: must be one of ${parts.join(", ")}`);
    return part;
  });
  return {
    rounds,
    durationMs: seconds * 1000,
    parts: chosen.length > 0 ? chosen : [...parts],
    json: values.json,
    gate: values.gate,
    help,
  };
}
