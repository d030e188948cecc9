const redrawEveryMs = 250;

/** Where steps are printed; `process.stderr` is one. */
export interface StepOutput {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** A running step. */
export interface StepLine {
  name: string;
  detail: string;
  startedMs: number;
  timer?: NodeJS.Timeout;
}

/**
 * The lines of running steps, of which several may run at the same time. On a terminal they are the last lines, and are
 * redrawn. Elsewhere, each step prints a line at its end, and regular lines while it runs.
 */
export class StepLines {
  readonly #out: StepOutput;
  readonly #everyMs: number;
  readonly #running: StepLine[] = [];
  #drawn = 0;

  /** @param plainEveryMs time between two lines of a running step when the output is no terminal */
  constructor(out: StepOutput, plainEveryMs = 15_000) {
    this.#out = out;
    this.#everyMs = out.isTTY ? redrawEveryMs : plainEveryMs;
  }

  /** Adds the line of a step that begins. */
  open(name: string): StepLine {
    const line: StepLine = { name, detail: "", startedMs: Date.now() };
    line.timer = setInterval(() => this.#show(line), this.#everyMs);
    line.timer.unref();
    this.#running.push(line);
    if (this.#out.isTTY) this.#draw();
    return line;
  }

  /** Sets what a running step does now. */
  detail(line: StepLine, text: string): void {
    line.detail = text;
    if (this.#out.isTTY) this.#draw();
  }

  /** Prints the last line of a step. */
  close(line: StepLine, done: boolean): void {
    clearInterval(line.timer);
    this.#running.splice(this.#running.indexOf(line), 1);
    this.note(textOf(line, done ? "✓" : "✗"));
  }

  /** Prints a text above the running steps. */
  note(text: string): void {
    this.#out.write(`${this.#erasure()}${text}\n`);
    this.#drawn = 0;
    if (this.#out.isTTY && this.#running.length > 0) this.#draw();
  }

  /** The names of the running steps. */
  names(): string[] {
    return this.#running.map(({ name }) => name);
  }

  #show(line: StepLine): void {
    if (this.#out.isTTY) this.#draw();
    else this.#out.write(`${textOf(line, "…")}\n`);
  }

  #draw(): void {
    const width = Math.max(20, (this.#out.columns ?? 110) - 1);
    const lines = this.#running.map((line) => textOf(line, "…").slice(0, width));
    this.#out.write(this.#erasure() + lines.join("\n"));
    this.#drawn = lines.length;
  }

  /** Moves the cursor to the first drawn line and clears all of them. */
  #erasure(): string {
    if (!this.#out.isTTY) return "";
    return `\r\x1b[2K${"\x1b[1A\x1b[2K".repeat(Math.max(0, this.#drawn - 1))}`;
  }
}

function textOf({ name, detail, startedMs }: StepLine, mark: string): string {
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
  return `  ${mark} ${name} ${seconds}s ${detail}`.trimEnd();
}
