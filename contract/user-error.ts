/** Exit codes of every command; `loadtest` alone uses `invalid` and `gate failed`. */
export const exitCodes = { pass: 0, broken: 1, "wrong usage": 2, invalid: 98, "gate failed": 99 } as const;

/**
 * An error that a user can act on. Commands print it without a stack trace: what is wrong, then the fix on its own
 * line, and exit with `exitCode`: 1 when the machine or the run is at fault, 2 for wrong usage or a machine that cannot
 * do this at all.
 */
export class UserError extends Error {
  readonly fix: string;
  readonly exitCode: 1 | 2;

  constructor(what: string, fix: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(what, { cause: options.cause });
    this.name = "UserError";
    this.fix = fix;
    this.exitCode = options.exitCode ?? exitCodes.broken;
  }
}
