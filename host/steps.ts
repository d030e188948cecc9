import { type StepLine, StepLines, type StepOutput } from "./step-lines.ts";

/** Sets the detail of the running step: what it does now, in a few words. */
export type Report = (detail: string) => void;

/** Prints the steps of long work with their time and detail, one after the other. */
export class StepPrinter {
  readonly #lines: StepLines;
  #current: StepLine | undefined;

  /** @param plainEveryMs time between two lines of a running step when the output is no terminal */
  constructor(out: StepOutput, plainEveryMs?: number) {
    this.#lines = new StepLines(out, plainEveryMs);
  }

  /** Ends the running step as done and begins the next one. */
  begin(name: string): void {
    this.end();
    this.#current = this.#lines.open(name);
  }

  /** Sets the detail of the running step. */
  detail(text: string): void {
    if (this.#current !== undefined) this.#lines.detail(this.#current, text);
  }

  /** Ends the running step, if any, as done or as failed. */
  end(done = true): void {
    if (this.#current === undefined) return;
    this.#lines.close(this.#current, done);
    this.#current = undefined;
  }

  /** Runs `work` as a step. @throws {Error} of `work`; the step is marked as failed then. */
  async step<T>(name: string, work: (report: Report) => Promise<T>): Promise<T> {
    this.begin(name);
    let done = false;
    try {
      const result = await work((text) => this.detail(text));
      done = true;
      return result;
    } finally {
      this.end(done);
    }
  }
}

const shared = new StepLines(process.stderr);

/**
 * Runs one step of long work, printed on stderr. Several may run at the same time.
 *
 * @throws {Error} of `work`; the step is marked as failed then.
 */
export async function step<T>(name: string, work: (report: Report) => Promise<T>): Promise<T> {
  const line = shared.open(name);
  let done = false;
  try {
    const result = await work((text) => shared.detail(line, text));
    done = true;
    return result;
  } finally {
    shared.close(line, done);
  }
}

/** The names of the steps of this process that run. */
export const runningSteps = (): string[] => shared.names();

/** Prints a text on stderr, above the steps that run. */
export function note(text: string): void {
  shared.note(text);
}
