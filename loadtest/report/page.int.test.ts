import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { launchBrowser, type OpenPage, openReport, type View } from "../testing/browser.ts";
import { sampleFailedReport } from "../testing/sample-failed-report.ts";
import { sampleComparison, sampleReport } from "../testing/sample-report.ts";
import { reportFolder, writeReport } from "./files.ts";
import { junitReport } from "./junit.ts";
import type { RunReport } from "./report-schema.ts";

const desktop: View = { width: 1120, height: 800, colorScheme: "light" };
const phone: View = { width: 390, height: 844, colorScheme: "light", scale: 2 };
const timePlots = 6;

let browser: Browser;
let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "breakwater-report-"));
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await rm(root, { recursive: true, force: true });
});

/** Writes the report, opens it, and checks that it had no errors and requested nothing but itself. */
async function look(report: RunReport, view: View, see: (open: OpenPage) => Promise<void>): Promise<void> {
  const folder = await reportFolder(await mkdtemp(join(root, "run-")));
  await writeReport(folder, report);
  const open = await openReport(browser, folder.html, view);
  await see(open);
  assert.deepEqual(open.errors, []);
  assert.deepEqual(open.requests, [pathToFileURL(folder.html).href]);
  await open.page.context().close();
}

interface PlotProbe {
  id: string;
  painted: number;
  /** For each event, the share of the plot's height that its line covers. */
  marks: number[];
}
const plots = ({ page }: OpenPage) => page.evaluate<PlotProbe[]>("plotProbes()");

test("the page shows the verdict, the reason and a row for each gate", async () => {
  const report = sampleFailedReport();
  await look(report, desktop, async ({ page }) => {
    assert.equal(await page.locator("h1").innerText(), "Gate failed");
    assert.equal(await page.locator("header p").innerText(), report.reason);
    assert.equal(await page.locator("header li").innerText(), report.problems[0]);
    assert.match(await page.locator("#fault").innerText(), /recovered after 6\.2 s$/);
    const rows = await page.locator("#gates tbody tr").allInnerTexts();
    const cells = rows.map((row) => row.split("\t").slice(0, 3));
    assert.deepEqual(
      cells,
      report.gates.map((gate) => [gate.verdict, gate.metric, gate.subject]),
    );
  });
});

test("the page draws every plot, and a line for each event on every plot over time", async () => {
  const report = sampleFailedReport();
  report.events.push({
    second: 97,
    kind: "rollout" as "fault",
    pod: "api",
    workload: "api",
    detail: "a kind to come",
  });
  for (const view of [desktop, phone, { ...desktop, colorScheme: "dark" as const }]) {
    await look(report, view, async (open) => {
      const drawn = await plots(open);
      assert.equal(drawn.length, 1 + timePlots);
      for (const { id, painted, marks } of drawn) {
        assert.ok(painted > 0.02, `${id}: ${painted} of it is painted`);
        if (id === "percentiles") continue;
        assert.equal(marks.length, 8);
        for (const [at, share] of marks.entries()) {
          assert.ok(
            share > 0.6,
            `event ${at + 1} on plot ${id}, ${view.colorScheme}: ${share} of the height`,
          );
        }
      }
    });
  }
});

test("the page shows the stack's own metrics and the comparison with the baseline", async () => {
  await look(sampleReport({ comparison: sampleComparison() }), desktop, async ({ page }) => {
    const stack = await page.locator("#stack tbody tr").allInnerTexts();
    assert.ok(stack.length >= 1, "no scenario inside the stack");
    const rows = await page.locator("#comparison tbody tr").allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.split("\t").slice(0, 4)),
      [
        ["same", "light", "p50", "+1.0 %"],
        ["better", "light", "throughput", "+12.0 %"],
      ],
    );
    assert.match(await page.locator("#comparison .note").innerText(), /not compared: writes\.$/);
  });
});

test("the page has no table of events when there are none", async () => {
  await look(sampleReport(), desktop, async ({ page }) => {
    assert.equal(await page.locator("#events").count(), 0);
  });
});

test("the page does not scroll sideways on a phone, but its tables do", async () => {
  const report = sampleFailedReport();
  report.reason = `a word that does not end: ${"x".repeat(200)}`;
  await look(report, phone, async ({ page }) => {
    const { overflow, scrolling } = await page.evaluate<{ overflow: number; scrolling: number }>(
      "widthProbes()",
    );
    assert.equal(overflow, 0);
    assert.ok(scrolling >= 3, `${scrolling} tables scroll`);
  });
});

test("the page redraws its plots when the screen turns", async () => {
  await look(sampleFailedReport(), desktop, async (open) => {
    await open.page.setViewportSize({ width: 390, height: 844 });
    await open.page.waitForFunction("widthProbes().overflow === 0");
    for (const { id, painted } of await plots(open)) assert.ok(painted > 0.02, id);
  });
});

test("the page follows the colour scheme of the system", async () => {
  await look(sampleFailedReport(), { ...desktop, colorScheme: "dark" }, async (open) => {
    const { page } = open;
    assert.ok((await page.evaluate<number>("brightness('backgroundColor')")) < 60);
    assert.ok((await page.evaluate<number>("brightness('color')")) > 180);
    await page.emulateMedia({ colorScheme: "light" });
    assert.ok((await page.evaluate<number>("brightness('backgroundColor')")) > 230);
    assert.ok((await page.evaluate<number>("brightness('color')")) < 80);
    // The browser redraws the plots later.
    await page.waitForFunction("plotProbes().slice(1).every(({ marks }) => Math.min(...marks) > 0.6)");
  });
});

test("the page shows invalid and empty runs, and escapes hostile text", async () => {
  const hostile = `</script><script>throw new Error("run")</script><img src="http://127.0.0.1:9/x" onerror="throw 1">&`;
  await look(
    sampleReport({ verdict: "invalid", reason: hostile, stack: hostile }),
    desktop,
    async ({ page }) => {
      assert.equal(await page.locator("h1").innerText(), "Invalid");
      assert.equal(await page.locator("header").getAttribute("class"), "unknown");
      assert.equal(await page.locator("header p").innerText(), hostile);
    },
  );
  const empty = {
    verdict: "broken",
    reason: "no gate was measured",
    gates: [],
    scenarios: [],
    pods: [],
  } as const;
  await look(sampleReport({ ...empty, gates: [], scenarios: [], pods: [] }), desktop, async ({ page }) => {
    assert.equal(await page.locator("h1").innerText(), "Broken");
  });
});

test("junit.xml is well-formed when texts have special characters", async () => {
  const hostile = `<x a='b'>&amp; ]]> "\u0000\u001b[31m\ud800\uffff`;
  await look(sampleReport(), desktop, async ({ page }) => {
    const text = junitReport(sampleReport({ problems: [hostile] }));
    const { error, names } = await page.evaluate<{ error: string | null; names: string[] }>(
      `parseJunit(${JSON.stringify(text)})`,
    );
    assert.equal(error, null);
    assert.equal(names.at(-1), `<x a='b'>&amp; ]]> "\ufffd\ufffd[31m\ufffd\ufffd`);
  });
});
