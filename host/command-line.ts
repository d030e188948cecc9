import { type ParseArgsConfig, parseArgs } from "node:util";
import { UserError } from "../contract/user-error.ts";

/** One option of a command. */
export interface OptionSpec {
  type: "string" | "boolean";
  /** One letter: `s` for `-s`. */
  short?: string;
  /** Whether the option may be given more than once. Its value is then a list. */
  multiple?: true;
  /** Stands for the value in the help, such as `NAME`. */
  value?: string;
  /** What the option does; further lines continue the text in the help. */
  about: string;
  /** The value when the option is not given. */
  default?: string;
}

/** What follows the options. */
export interface PositionalSpec {
  /** Stands for one argument in the help, such as `NAME`. */
  value: string;
  about: string;
  /** Maximum count. */
  most: number;
}

/** A command and everything that it reads from its command line. */
export interface CommandSpec {
  /** What the user types before the options, such as `npm run up`. */
  command: string;
  about: string;
  options: Readonly<Record<string, OptionSpec>>;
  positionals?: PositionalSpec;
  /** Text below the options in the help. */
  notes?: string;
}

type ValueOf<Option extends OptionSpec> = Option extends { type: "boolean" }
  ? boolean
  : Option extends { multiple: true }
    ? string[]
    : Option extends { default: string }
      ? string
      : string | undefined;

/** The values of a command line, by option name. */
export type OptionValues<Options extends Readonly<Record<string, OptionSpec>>> = {
  [Name in keyof Options]: ValueOf<Options[Name]>;
};

/** A command line that was read. */
export interface ParsedCommandLine<Options extends Readonly<Record<string, OptionSpec>>> {
  values: OptionValues<Options>;
  positionals: string[];
  /** Whether `--help` or `-h` was given. Nothing but the help may happen then. */
  help: boolean;
}

/** The option of every command that works on a stack. */
export const stackOption = {
  type: "string",
  short: "s",
  value: "NAME",
  about: "the stack (default: $PULUMI_STACK, else local)",
} as const satisfies OptionSpec;

const helpOption = { type: "boolean", short: "h", about: "show this help" } as const satisfies OptionSpec;

/**
 * Reads a command line. `--name VALUE`, `--name=VALUE` and `-n VALUE` are equal; `--help` belongs to every command.
 *
 * @param args the arguments after the script's name.
 * @throws {UserError} with exit code 2 on an unknown option, a missing or unexpected value, an option that is given
 * twice, or an argument that is left over.
 */
export function parseCommandLine<const Spec extends CommandSpec>(
  spec: Spec,
  args: readonly string[],
): ParsedCommandLine<Spec["options"]> {
  const options: Readonly<Record<string, OptionSpec>> = { ...spec.options, help: helpOption };
  const { values, positionals, tokens } = parseStrictly(spec, options, args);
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option" || options[token.name]?.type === "boolean") continue;
    if (seen.has(token.name) && options[token.name]?.multiple !== true)
      throw wrongCommandLine(spec, `Option '--${token.name}' is given twice`);
    seen.add(token.name);
  }
  const leftOver = positionals[spec.positionals?.most ?? 0];
  if (leftOver !== undefined) throw wrongCommandLine(spec, `Unexpected argument '${leftOver}'`);
  const { help, ...own } = values;
  return { values: own as OptionValues<Spec["options"]>, positionals, help: help === true };
}

/** Wrong usage of a command: what is wrong, and where its options are described. */
export function wrongCommandLine(spec: Pick<CommandSpec, "command">, what: string): UserError {
  return new UserError(what, `see all options: ${spec.command} ${separator(spec)}--help`, { exitCode: 2 });
}

/** The whole number that an option was given. @throws {UserError} with exit code 2 when it is none, or out of its range */
export function wholeNumber(
  spec: Pick<CommandSpec, "command">,
  option: string,
  text: string,
  least: number,
  most: number,
): number {
  if (!/^(?:0|[1-9]\d{0,11})$/.test(text) || Number(text) < least || Number(text) > most)
    throw wrongCommandLine(spec, `--${option} ${text}: must be a whole number from ${least} to ${most}`);
  return Number(text);
}

/** The names that an option was given, separated by commas. @throws {UserError} with exit code 2 for one that is not known */
export function knownNames(
  spec: Pick<CommandSpec, "command">,
  option: string,
  text: string,
  known: readonly string[],
): string[] {
  const names = text.split(",");
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw wrongCommandLine(spec, `--${option} ${text}: "${unknown}" must be one of ${known.join(", ")}`);
}

/** npm passes only the arguments after `--` on. */
function separator({ command }: Pick<CommandSpec, "command">): string {
  return command.startsWith("npm ") ? "-- " : "";
}

function parseStrictly(
  spec: CommandSpec,
  options: Readonly<Record<string, OptionSpec>>,
  args: readonly string[],
) {
  const config: NonNullable<ParseArgsConfig["options"]> = {};
  for (const [name, { type, short, multiple = false, default: fallback }] of Object.entries(options))
    config[name] = {
      type,
      multiple,
      ...(short !== undefined && { short }),
      default: type === "boolean" ? false : multiple ? [] : fallback,
    };
  try {
    return parseArgs({
      args: [...args],
      options: config,
      strict: true,
      allowPositionals: true,
      tokens: true,
    });
  } catch (error) {
    // The first sentence of Node.js names the option; the others are about arguments that begin with a dash.
    const [what = ""] = (error as Error).message.split(/\. |\n/);
    throw wrongCommandLine(spec, what);
  }
}

/** The help text of a command: usage, purpose, one entry for each option. */
export function helpOf(spec: CommandSpec): string {
  const { positionals } = spec;
  const many = positionals !== undefined && positionals.most > 1 ? " …" : "";
  const following = positionals === undefined ? "options" : `options ${positionals.value}${many}`;
  const rows = [
    ...(positionals === undefined ? [] : [[positionals.value, positionals.about] as const]),
    ...Object.entries({ ...spec.options, help: helpOption }).map(
      ([name, option]) => [optionLabel(name, option), aboutWithDefault(option)] as const,
    ),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, about]) => {
    const [first = "", ...more] = about.split("\n");
    const indent = " ".repeat(width + 4);
    return [`  ${label.padEnd(width)}  ${first}`, ...more.map((line) => indent + line)].join("\n");
  });
  return [
    `Usage: ${spec.command} [${separator(spec)}${following}]`,
    spec.about,
    lines.join("\n"),
    ...(spec.notes === undefined ? [] : [spec.notes]),
  ].join("\n\n");
}

function optionLabel(name: string, { short, value }: OptionSpec): string {
  return `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function aboutWithDefault(option: OptionSpec): string {
  return option.default === undefined ? option.about : `${option.about} (default: ${option.default})`;
}
