import { type CommandSpec, helpOf, parseCommandLine } from "../../host/command-line.ts";
import { partOption, readParts, readTurns, turnOptions } from "../api/turn-options.ts";
import { type RuntimePart, runtimeParts } from "./runtime-parts.ts";

/** The options of `npm run bench:parts`. */
export interface PartsCommand {
  rounds: number;
  durationMs: number;
  parts: RuntimePart[];
  json: string | undefined;
  help: boolean;
}

const spec = {
  command: "npm run bench:parts",
  about:
    "Measures what each part of the runtime costs a request: the CPU time of a plain HTTP server with and without it, in turns.",
  options: { ...turnOptions, part: partOption(runtimeParts) },
} as const satisfies CommandSpec;

export const usage = helpOf(spec);

/** @throws {UserError} with exit code 2 */
export function parsePartsCommand(args: readonly string[]): PartsCommand {
  const { values, help } = parseCommandLine(spec, args);
  return {
    ...readTurns(spec, values),
    parts: readParts(spec, runtimeParts, values.part),
    json: values.json,
    help,
  };
}
