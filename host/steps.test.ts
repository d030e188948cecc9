import assert from "node:assert/strict";
import { test } from "node:test";
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
