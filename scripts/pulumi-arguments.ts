import { UserError } from "../contract/user-error.ts";

/** The command line of `npm run pulumi`: the stack that it names, and the arguments for pulumi. */
export interface PulumiArguments {
  stack: string | undefined;
  args: string[];
  /** Whether the help of `npm run pulumi` is meant; `up --help` asks pulumi. */
  help: boolean;
}

/**
 * Takes the stack option out of arguments for pulumi, in all spellings that pulumi knows. All other arguments keep
 * their order. An argument after `--` is never an option.
 *
 * @throws {UserError} with exit code 2 when the option has no value or is given twice.
 */
export function splitStackOption(args: readonly string[]): PulumiArguments {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  const stacks: string[] = [];
  const rest: string[] = [];
  for (let index = 0; index < options.length; index++) {
    const [flags, arg] = splitFlags(options[index] as string, options);
    if (flags !== "") rest.push(flags);
    const joined = /^(?:--stack=|-s=?)(.+)$/s.exec(arg)?.[1];
    if (joined !== undefined) stacks.push(joined);
    else if (arg !== "--stack" && arg !== "-s" && arg !== "--stack=") rest.push(arg);
    else stacks.push(arg === "--stack=" ? "" : requiredValue(options[++index]));
  }
  const [stack, second] = stacks;
  if (second !== undefined) throw wrong("Option '--stack' is given twice");
  return {
    stack,
    args: [...rest, ...args.slice(options.length)],
    help: rest[0] === "--help" || rest[0] === "-h",
  };
}

/** Short options of pulumi without a value, and the commands in which one of them has a value. */
const shortFlags = "adefhijQruy";
const shortValues: Readonly<Record<string, string>> = { import: "f", logs: "r" };

/** Splits `-ys NAME` and `-ysNAME` into the flags, and `-s` with what follows; other arguments have no flags. */
function splitFlags(arg: string, options: readonly string[]): [flags: string, rest: string] {
  const value = shortValues[options.find((each) => !each.startsWith("-")) ?? ""] ?? "";
  const [, flags, rest] = /^(-[A-Za-z]+?)(s.*)$/s.exec(arg) ?? [];
  if (flags === undefined || rest === undefined) return ["", arg];
  const known = [...flags.slice(1)].every((flag) => shortFlags.includes(flag) && flag !== value);
  return known ? [flags, `-${rest}`] : ["", arg];
}

/** Commands of `pulumi stack` that make, list, select or remove stacks, so that none is selected or made for them. */
const stackCommands = ["init", "ls", "rm", "select"];
/** Their options with a value. */
const valued = ["--secrets-provider", "--copy-config-from", "--teams", "--color", "--cwd", "-C"];

/** A command that makes, lists, selects or removes stacks. */
export interface StackCommand {
  /** The stack that its arguments name. */
  name: string | undefined;
  /** Its arguments, with the stack of the option `--stack`. */
  args: string[];
}

/**
 * Reads a command that makes, lists, selects or removes stacks.
 *
 * @param stack value of the option `--stack`, which `splitStackOption` has taken out of the arguments.
 * @returns undefined for every other command, which works on the selected stack.
 */
export function readStackCommand(
  args: readonly string[],
  stack: string | undefined,
): StackCommand | undefined {
  const words = args.filter((arg, index) => !arg.startsWith("-") && !valued.includes(args[index - 1] ?? ""));
  const [group, command = "", name] = words;
  if (group !== "stack" || !stackCommands.includes(command)) return undefined;
  if (stack === undefined || command === "ls") return { name, args: [...args] };
  const end = args.indexOf(command, args.indexOf("stack") + 1) + 1;
  return { name: stack, args: [...args.slice(0, end), "--stack", stack, ...args.slice(end)] };
}

/** Whether pulumi is only asked about itself, which needs neither cluster nor stack: help, version, no command. */
export function isAboutPulumi(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  const command = options.find((arg) => !arg.startsWith("-"));
  return (
    command === undefined ||
    ["help", "version", "gen-completion"].includes(command) ||
    options.some((arg) => arg === "--help" || arg === "-h")
  );
}

function requiredValue(next: string | undefined): string {
  if (next === undefined || next.startsWith("-"))
    throw wrong("Option '-s, --stack <value>' argument missing");
  return next;
}

function wrong(what: string): UserError {
  return new UserError(what, "see all options: npm run pulumi -- --help", { exitCode: 2 });
}
