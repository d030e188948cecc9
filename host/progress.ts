const plainEveryMs = 5000;

/** Where progress is shown; `process.stderr` is one. */
export interface ProgressOutput {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** One line that is redrawn on a terminal; plain lines, one per phase and one every five seconds, elsewhere. */
export class Progress {
  readonly #out: ProgressOutput;
  #phase = "";
  #detail = "";
  #startedMs = 0;
  #shownMs = 0;

  constructor(out: ProgressOutput) {
    this.#out = out;
  }

  /** Ends the current phase and begins the next. */
  begin(phase: string): void {
    this.end();
    this.#phase = phase;
    this.#detail = "";
    this.#startedMs = Date.now();
    this.#shownMs = Date.now();
    if (this.#out.isTTY) this.#draw();
  }

  /** What the phase is doing now. */
  detail(text: string): void {
    this.#detail = text;
    if (this.#out.isTTY) this.#draw();
    else if (Date.now() - this.#shownMs >= plainEveryMs) {
      this.#shownMs = Date.now();
      this.#out.write(`  … ${this.#line()}\n`);
    }
  }

  /** Leaves the phase's last line standing, marked as done or as failed. */
  end(done = true): void {
    if (!this.#phase) return;
    const seconds = ((Date.now() - this.#startedMs) / 1000).toFixed(1);
    this.#out.write(
      `${this.#out.isTTY ? "\r\x1b[2K" : ""}  ${done ? "✓" : "✗"} ${this.#line()} (${seconds} s)\n`,
    );
    this.#phase = "";
  }

  #draw(): void {
    const line = `  … ${this.#line()}`;
    this.#out.write(`\r\x1b[2K${line.slice(0, Math.max(20, (this.#out.columns ?? 110) - 1))}`);
  }

  #line(): string {
    return this.#detail ? `${this.#phase}: ${this.#detail}` : this.#phase;
  }
}
