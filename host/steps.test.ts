import assert from "node:assert/strict";
import { test } from "node:test";
import { StepLines } from "./step-lines.ts";
import { StepPrinter } from "./steps.ts";

function makePrinter(more: { isTTY?: boolean; columns?: number } = {}) {
  const out = { ...more, text: "", write: (text: string) => (out.text += text) };
  return { printer: new StepPrinter(out, 1), out };
}

test("StepPrinter prints one line per step when the output is no terminal", async () => {
  const { printer, out } = makePrinter();
  await printer.step("Build", async (report) => report("2 of 2"));
  printer.begin("Deploy");
  printer.begin("Wait");
  printer.end(false);
  printer.end();
  assert.match(out.text, /^ {2}✓ Build 0\.\ds 2 of 2\n {2}✓ Deploy 0\.\ds\n {2}✗ Wait 0\.\ds\n$/);
});

test("StepPrinter prints a running step regularly when the output is no terminal", async () => {
  const { printer, out } = makePrinter();
  await printer.step("Build", () => new Promise((resolve) => setTimeout(resolve, 50)));
  assert.match(out.text, /^( {2}… Build 0\.\ds\n)+ {2}✓ Build 0\.\ds\n$/);
});

test("StepPrinter redraws one line within the width of a terminal", async () => {
  const { printer, out } = makePrinter({ isTTY: true, columns: 30 });
  await printer.step("Build", async (report) => report("x".repeat(100)));
  const lines = out.text.split("\r\x1b[2K");
  assert.equal(lines[2]?.length, 29);
  assert.match(lines.at(-1) ?? "", /^ {2}✓ Build 0\.\ds x{100}\n$/);
});

test("StepPrinter.step marks the step as failed when its work fails", async () => {
  const { printer, out } = makePrinter();
  await assert.rejects(
    printer.step("Build", () => Promise.reject(new Error("no space"))),
    /no space/,
  );
  assert.match(out.text, /^ {2}✗ Build 0\.\ds\n$/);
});

test("StepLines keeps the lines of parallel steps apart when the output is no terminal", () => {
  const out = { text: "", write: (text: string) => (out.text += text) };
  const lines = new StepLines(out, 60_000);
  const [build, images] = [lines.open("Build"), lines.open("Images")];
  lines.detail(build, "3 packages");
  lines.close(images, true);
  lines.note("  ! a note");
  lines.close(build, false);
  assert.match(out.text, /^ {2}✓ Images 0\.\ds\n {2}! a note\n {2}✗ Build 0\.\ds 3 packages\n$/);
});

const splitSequences = (text: string): string[] =>
  text
    .split("\x1b[")
    .flatMap((part, index) => [
      ...(index === 0 ? [] : [`\x1b[${part.slice(0, 2)}`]),
      ...part.slice(index === 0 ? 0 : 2),
    ]);

/** Returns the lines that a terminal shows after `text`. It knows the sequences of StepLines. */
function screen(text: string): string[] {
  const rows = [""];
  let row = 0;
  for (const part of splitSequences(text)) {
    if (part === "\n") rows[++row] ??= "";
    else if (part === "\x1b[1A") row--;
    else if (part === "\x1b[2K") rows[row] = "";
    else if (part !== "\r") rows[row] += part;
  }
  return rows.slice(0, row + 1);
}

test("StepLines redraws the lines of parallel steps on a terminal below everything that is finished", () => {
  const out = { isTTY: true, columns: 40, text: "", write: (text: string) => (out.text += text) };
  const lines = new StepLines(out);
  const [build, images] = [lines.open("Build"), lines.open("Images")];
  lines.open("Docker");
  lines.detail(build, "x".repeat(100));
  lines.close(images, true);
  lines.note("  ! a note");
  lines.detail(build, "3 packages");
  const shown = screen(out.text).map((row) => row.replace(/\d+\.\ds/, "0s"));
  assert.deepEqual(shown, ["  ✓ Images 0s", "  ! a note", "  … Build 0s 3 packages", "  … Docker 0s"]);
});
