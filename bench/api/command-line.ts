import { parseArgs } from "node:util";
import { UserError } from "../../contract/user-error.ts";

export const parts = ["light", "cached-read", "heavy-mix"] as const;
export type Part = (typeof parts)[number];

export interface SpeedCommand {
  rounds: number;
  durationMs: number;
  parts: Part[];
  json: string | undefined;
  gate: boolean;
  help: boolean;
}

export const usage = `npm run bench:api [-- options]

Compares the API with other servers in one run, in turns: raw node:http, Fastify, Express 5, and PM2's cluster of two.

  --rounds N      turns of each server, an even number from 6 (20)
  --duration S    seconds of each turn, from 0.2 to 60 (2)
  --part NAME     only this part, may be given again: ${parts.join(", ")}
  --json FILE     writes all figures there
  --gate          exit code 1 when a target is missed
  --help
`;

/** @throws {UserError} with exit code 2 */
export function parseSpeedCommand(args: string[]): SpeedCommand {
  const values = optionsOf(args);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 6 || rounds % 2 === 1)
    throw wrong(`--rounds ${values.rounds}: must be an even number from 6`);
  const seconds = Number(values.duration);
  if (!(seconds >= 0.2 && seconds <= 60))
    throw wrong(`--duration ${values.duration}: must be a number of seconds from 0.2 to 60`);
  const chosen = values.part.map((name) => {
    const part = parts.find((each) => each === name);
    if (part === undefined) throw wrong(`--part ${name}: must be one of ${parts.join(", ")}`);
    return part;
  });
  return {
    rounds,
    durationMs: seconds * 1000,
    parts: chosen.length > 0 ? chosen : [...parts],
    json: values.json,
    gate: values.gate,
    help: values.help,
  };
}

function optionsOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        rounds: { type: "string", default: "20" },
        duration: { type: "string", default: "2" },
        part: { type: "string", multiple: true, default: [] },
        json: { type: "string" },
        gate: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

function wrong(what: string): UserError {
  return new UserError(what, "npm run bench:api -- --help lists what there is", { exitCode: 2 });
}
