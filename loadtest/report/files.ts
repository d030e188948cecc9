import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Broken } from "../verdict.ts";
import { reportPage } from "./page.ts";
import type { RunReport } from "./run-report.ts";

const reportsRoot = resolve(import.meta.dirname, "..", "reports");

/** Where one run's report goes. */
export interface ReportFolder {
  dir: string;
  html: string;
  json: string;
}

/**
 * Makes the folder: `out`, else a new one by the time of day, which `latest` then points to. Made before the run,
 * so that a full disk or a wrong path is told at once.
 *
 * @throws Broken when it cannot be made.
 */
export async function reportFolder(out: string | undefined): Promise<ReportFolder> {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const dir = out === undefined ? join(reportsRoot, stamp) : resolve(out);
  try {
    await mkdir(dir, { recursive: true });
    // A run that ends early must not leave an older run's report behind as if it were its own.
    await Promise.all(["report.html", "report.json"].map((file) => rm(join(dir, file), { force: true })));
    if (out === undefined) await pointLatestTo(stamp);
  } catch (error) {
    throw unwritable(dir, error);
  }
  return { dir, html: join(dir, "report.html"), json: join(dir, "report.json") };
}

async function pointLatestTo(stamp: string): Promise<void> {
  const link = join(reportsRoot, "latest");
  const fresh = `${link}.${process.pid}`;
  await rm(fresh, { force: true });
  await symlink(stamp, fresh);
  await rename(fresh, link);
}

/**
 * Writes report.json and report.html.
 *
 * @param json where one more copy of report.json goes
 * @throws Broken when they cannot be written.
 */
export async function writeReport(folder: ReportFolder, report: RunReport, json?: string): Promise<void> {
  try {
    const text = `${JSON.stringify(report, null, 2)}\n`;
    await writeFile(folder.json, text);
    if (json !== undefined) await writeFile(json, text);
    await writeFile(folder.html, reportPage(report));
  } catch (error) {
    throw unwritable(folder.dir, error);
  }
}

function unwritable(dir: string, error: unknown): Broken {
  return new Broken(
    `the report cannot be written to ${dir}: ${(error as Error).message}`,
    "make room or choose another folder with --out",
    { cause: error },
  );
}
