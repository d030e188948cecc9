/** Tells a running step what it is doing now, in a few words. */
export type Report = (detail: string) => void;

const seconds = (sinceMs: number): string => `${((Date.now() - sinceMs) / 1000).toFixed(1)}s`;
const silentAfterMs = 15_000;

/**
 * Runs one named step of long work and prints its name, what it is doing, and how long it took, on stderr.
 * On a terminal the line is redrawn; without one, a plain line is printed at the end and one every 15 s meanwhile.
 *
 * @throws whatever `run` throws, after the step was marked as failed.
 */
export async function step<T>(name: string, run: (report: Report) => Promise<T>): Promise<T> {
  const out = process.stderr;
  const startedMs = Date.now();
  let detail = "";
  const draw = (): void => {
    out.write(`\r\x1b[2K  … ${name} ${seconds(startedMs)} ${detail}`.slice(0, (out.columns ?? 110) + 5));
  };
  const plain = (): void => {
    out.write(`  … ${name} ${seconds(startedMs)} ${detail}\n`);
  };
  const timer = setInterval(out.isTTY ? draw : plain, out.isTTY ? 250 : silentAfterMs);
  timer.unref();
  const finish = (mark: string, tail: string): void => {
    clearInterval(timer);
    out.write(
      `${out.isTTY ? "\r\x1b[2K" : ""}  ${mark} ${name} ${seconds(startedMs)}${tail ? ` ${tail}` : ""}\n`,
    );
  };
  try {
    const result = await run((text) => {
      detail = text;
      if (out.isTTY) draw();
    });
    finish("✓", detail);
    return result;
  } catch (error) {
    finish("✗", detail);
    throw error;
  }
}
