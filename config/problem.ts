/** One mistake in stack config. */
export interface Problem {
  /** E.g. `api.pools[1].weight`. */
  path: string;
  /** As found; undefined when the value is missing. Secrets never stand here. */
  value: unknown;
  /** What must hold, as the end of a sentence: `must be …`. */
  rule: string;
  /** What to do, as a command or an instruction. */
  fix: string;
}

/** All problems as one message, a line each: `api.memory: "64 MiB" must be …; fix`. */
export function describeProblems(problems: readonly Problem[]): string {
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
