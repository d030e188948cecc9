/** Exit codes of the commands. Only `loadtest`, `start`, `release`, `capacity` and `doctor` use `invalid` or `gate failed`. */
export const exitCodes = {
  pass: 0,
  broken: 1,
  "wrong usage": 2,
  invalid: 98,
  "gate failed": 99,
  /** Of `up`, `start`, `pulumi`, `capacity`, `release` and `bench:nodes`: 128 and the number of SIGINT, as in a shell. */
  interrupted: 130,
} as const;

/**
 * An error that the user can fix. A command prints it without a stack trace: what is wrong, and the fix on a line of its
 * own. Then it exits with `exitCode`: 1 if the machine or the run is at fault, 2 for wrong usage or a machine that does
 * not meet the requirements, 130 when the user interrupted it.
 */
export class UserError extends Error {
  readonly fix: string;
  readonly exitCode: 1 | 2 | 130;

  /**
   * @param what what is wrong, with the path and the value, and the rule
   * @param fix what the user can do, such as a command
   */
  constructor(what: string, fix: string, options: { exitCode?: 1 | 2 | 130; cause?: unknown } = {}) {
    super(what, { cause: options.cause });
    this.name = "UserError";
    this.fix = fix;
    this.exitCode = options.exitCode ?? exitCodes.broken;
  }
}
