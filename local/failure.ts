/**
 * A failure that the person at the terminal can act on. Scripts print it without a stack trace.
 * `exitCode` is 1 for a fault of the machine or the run, 2 for wrong usage or a machine that cannot do this at all.
 */
export class Failure extends Error {
  readonly fix: string;
  readonly exitCode: 1 | 2;

  constructor(what: string, fix: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(what, { cause: options.cause });
    this.name = "Failure";
    this.fix = fix;
    this.exitCode = options.exitCode ?? 1;
  }
}
