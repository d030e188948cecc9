const redrawEveryMs = 250;

/** Sets the detail of the running step: what it does now, in a few words. */
export type Report = (detail: string) => void;

/** Where steps are printed; `process.stderr` is one. */
export interface StepOutput {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/**
 * Prints the steps of long work with their time and detail. On a terminal, the line of the running step is redrawn.
 * Elsewhere, there is a line at the end of each step, and regular lines while it runs.
 */
export class StepPrinter {
  readonly #out: StepOutput;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #name = "";
  #detail = "";
  #startedMs = 0;

  /** @param plainEveryMs time between two lines of a running step when the output is no terminal */
  constructor(out: StepOutput, plainEveryMs = 15_000) {
    this.#out = out;
    this.#everyMs = out.isTTY ? redrawEveryMs : plainEveryMs;
  }

  /** Ends the running step as done and begins the next one. */
  begin(name: string): void {
    this.end();
    this.#name = name;
    this.#detail = "";
    this.#startedMs = Date.now();
    this.#timer = setInterval(() => this.#show(), this.#everyMs);
    this.#timer.unref();
    if (this.#out.isTTY) this.#show();
  }

  /** Sets the detail of the running step. */
  detail(text: string): void {
    this.#detail = text;
    if (this.#out.isTTY) this.#show();
  }

  /** Ends the running step, if any, as done or as failed. */
  end(done = true): void {
    if (this.#name === "") return;
    clearInterval(this.#timer);
    this.#out.write(`${this.#out.isTTY ? "\r\x1b[2K" : ""}${this.#line(done ? "✓" : "✗")}\n`);
    this.#name = "";
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

  #show(): void {
    const line = this.#line("…");
    const fitting = line.slice(0, Math.max(20, (this.#out.columns ?? 110) - 1));
    this.#out.write(this.#out.isTTY ? `\r\x1b[2K${fitting}` : `${line}\n`);
  }

  #line(mark: string): string {
    const seconds = ((Date.now() - this.#startedMs) / 1000).toFixed(1);
    return `  ${mark} ${this.#name} ${seconds}s ${this.#detail}`.trimEnd();
  }
}

/** Runs one step of long work, printed on stderr. @throws {Error} of `work`; the step is marked as failed then. */
export function step<T>(name: string, work: (report: Report) => Promise<T>): Promise<T> {
  return new StepPrinter(process.stderr).step(name, work);
}
