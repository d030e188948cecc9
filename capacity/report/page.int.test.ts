import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { launchBrowser, openReport } from "../../loadtest/testing/browser.ts";
import { sampleCapacityReport } from "../testing/sample-steps.ts";
import { writeCapacityReport } from "./files.ts";

const desktop = { width: 1120, height: 800, colorScheme: "light" } as const;
const phone = { width: 390, height: 844, colorScheme: "dark", scale: 2 } as const;

let browser: Browser;
let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), "breakwater-capacity-"));
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  await rm(root, { recursive: true, force: true });
});

for (const [name, view] of Object.entries({ desktop, phone }))
  test(`the page draws the curve on a ${name} without errors and requests`, async () => {
    const report = sampleCapacityReport({ wish: { rate: 800, headroom: 0.3 } });
    const page = await writeCapacityReport(root, report);
    const open = await openReport(browser, page, view);
    assert.equal(await open.page.locator("#capacity canvas").count(), 1);
    assert.equal(await open.page.locator("header p").innerText(), report.headline);
    assert.equal(await open.page.locator("#searches tbody tr").count(), 9);
    assert.deepEqual(open.errors, []);
    assert.deepEqual(open.requests, [pathToFileURL(page).href]);
    await open.page.context().close();
  });
