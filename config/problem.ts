import { UserError } from "../contract/user-error.ts";

/** One mistake in stack config. */
export interface Problem {
  /** Path of the option, e.g. `api.pools[1].weight`. */
  path: string;
  /** The value that was found; undefined when it is missing. It is never a secret. */
  value: unknown;
  /** The rule, as the end of a sentence: `must be …`. */
  rule: string;
  /** The fix, as a command or an instruction. */
  fix: string;
}

/** Every mistake in stack config at once; the message has a line for each. */
export class ConfigError extends UserError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(describeProblems(problems), "docs/configuration.md describes every option", { exitCode: 2 });
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** The path of a key below `path`, as `pulumi config set --path` takes it. */
export function joinPath(path: string, key: string): string {
  if (/[.[\]"]/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** All problems as one message, a line each: `api.memory: "64 MiB" must be …; fix`. */
function describeProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map(
    ({ path, value, rule, fix }) =>
      `  ${path}: ${value === undefined ? "" : `${show(value)} `}${rule}; ${fix}`,
  );
  return [`The stack config has ${count}:`, ...lines].join("\n");
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
