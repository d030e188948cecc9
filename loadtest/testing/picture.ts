import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { reportFolder, writeReport } from "../report/files.ts";
import { launchBrowser, openReport, type View } from "./browser.ts";
import { sampleFailedReport } from "./sample-failed-report.ts";
import { sampleReport } from "./sample-report.ts";

// Takes a picture of a sample report, for the documentation and for a look at the page:
//   node loadtest/testing/picture.ts docs/report.png [pass|fail] [width] [height] [light|dark]
const [out, verdict = "fail", width = "1120", height = "2125", scheme = "light"] = process.argv.slice(2);
if (out === undefined) throw new Error("give the path of the picture, e.g. docs/report.png");
const dir = await mkdtemp(join(tmpdir(), "breakwater-report-"));
const browser = await launchBrowser();
try {
  const folder = await reportFolder(dir);
  await writeReport(folder, verdict === "pass" ? sampleReport() : sampleFailedReport());
  const colorScheme = scheme === "dark" ? "dark" : "light";
  const view: View = { width: Number(width), height: Number(height), colorScheme };
  const { page } = await openReport(browser, folder.html, view);
  await page.screenshot({ path: resolve(out) });
} finally {
  await browser.close();
  await rm(dir, { recursive: true, force: true });
}
