import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { sampleReport } from "../testing/sample-report.ts";
import { escapeHtml } from "./html.ts";
import { reportPage } from "./page.ts";

test("the page has the licence of uPlot, whose code it contains", () => {
  const page = reportPage(sampleReport());
  const folder = join(createRequire(import.meta.url).resolve("uplot"), "../..");
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  assert.ok(page.includes(`uplot ${version} (${license})`));
  assert.ok(page.includes(escapeHtml(readFileSync(join(folder, "LICENSE"), "utf8").trim())));
});
