import { type CommandSpec, wrongCommandLine } from "../../host/command-line.ts";

/** Options of every benchmark whose servers take turns. */
export const turnOptions = {
  rounds: {
    type: "string",
    value: "N",
    default: "20",
    about: "turns of each server, an even number from 6",
  },
  duration: { type: "string", value: "S", default: "2", about: "seconds of each turn, from 0.2 to 60" },
  json: { type: "string", value: "FILE", about: "write all results there" },
} as const satisfies CommandSpec["options"];

/** The option that chooses some of the parts of a benchmark. */
export const partOption = (parts: readonly string[]) =>
  ({
    type: "string",
    multiple: true,
    value: "NAME",
    about: `only this part, may be given again: ${parts.join(", ")}`,
  }) as const;

/** Reads the values of `turnOptions`. @throws {UserError} with exit code 2 */
export function readTurns(
  spec: CommandSpec,
  values: { rounds: string; duration: string },
): { rounds: number; durationMs: number } {
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 6 || rounds % 2 === 1)
    throw wrongCommandLine(spec, `--rounds ${values.rounds}: must be an even number from 6`);
  const seconds = Number(values.duration);
  if (!(seconds >= 0.2 && seconds <= 60))
    throw wrongCommandLine(spec, `--duration ${values.duration}: must be a number of seconds from 0.2 to 60`);
  return { rounds, durationMs: seconds * 1000 };
}

/** Reads the values of `partOption`. @returns all parts when none is chosen. @throws {UserError} with exit code 2 */
export function readParts<Part extends string>(
  spec: CommandSpec,
  parts: readonly Part[],
  chosen: readonly string[],
): Part[] {
  if (chosen.length === 0) return [...parts];
  return chosen.map((name) => {
    const part = parts.find((each) => each === name);
    if (part === undefined)
      throw wrongCommandLine(spec, `--part ${name}: must be one of ${parts.join(", ")}`);
    return part;
  });
}
