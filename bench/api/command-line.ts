import { type CommandSpec, helpOf, parseCommandLine } from "../../host/command-line.ts";
import { partOption, readParts, readTurns, turnOptions } from "./turn-options.ts";

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
    ...turnOptions,
    part: partOption(parts),
    gate: { type: "boolean", about: "exit code 1 when a target is missed" },
  },
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parseSpeedCommand(args: readonly string[]): SpeedCommand {
  const { values, help } = parseCommandLine(spec, args);
  return {
    ...readTurns(spec, values),
    parts: readParts(spec, parts, values.part),
    json: values.json,
    gate: values.gate,
    help,
  };
}
