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
    const arg = options[index] as string;
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

function requiredValue(next: string | undefined): string {
  if (next === undefined || next.startsWith("-"))
    throw wrong("Option '-s, --stack <value>' argument missing");
  return next;
}

function wrong(what: string): UserError {
  return new UserError(what, "see all options: npm run pulumi -- --help", { exitCode: 2 });
}
