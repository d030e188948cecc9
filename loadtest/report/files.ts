import { mkdir, rename, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { writeWhole } from "../../host/write-whole.ts";
import { junitReport } from "./junit.ts";
import { markdownReport } from "./markdown.ts";
import { reportPage } from "./page.ts";
import type { RunReport } from "./run-report.ts";

const reportsRoot = resolve(import.meta.dirname, "..", "reports");

/** Where one run's report goes. */
export interface ReportFolder {
  dir: string;
  html: string;
  json: string;
  /** For CI systems. */
  junit: string;
  markdown: string;
  /** Of a folder by the time of day: its name, to which `latest` will point. */
  stamp: string | undefined;
}

/**
 * Makes the folder: `out`, else a new one by the time of day. Made before the run, so that a full disk or a wrong path is
 * told at once.
 *
 * @throws UserError when it cannot be made.
 */
export async function reportFolder(out: string | undefined): Promise<ReportFolder> {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const dir = out === undefined ? join(reportsRoot, stamp) : resolve(out);
  const files = {
    html: join(dir, "report.html"),
    json: join(dir, "report.json"),
    junit: join(dir, "junit.xml"),
    markdown: join(dir, "summary.md"),
  };
  try {
    await mkdir(dir, { recursive: true });
    // A run that ends early must not leave an older run's report behind as if it were its own.
    await Promise.all(Object.values(files).map((file) => rm(file, { force: true })));
  } catch (error) {
    throw unwritable(dir, error);
  }
  return { dir, ...files, stamp: out === undefined ? stamp : undefined };
}

/** Takes back the folder of a run that could not be made, when there is nothing in it. */
export async function leaveFolder({ dir }: ReportFolder): Promise<void> {
  await rmdir(dir).catch(() => {});
}

async function pointLatestTo(stamp: string): Promise<void> {
  const link = join(reportsRoot, "latest");
  const fresh = `${link}.${process.pid}`;
  await rm(fresh, { force: true });
  await symlink(stamp, fresh);
  await rename(fresh, link);
}

/**
 * Writes report.json, junit.xml, summary.md and report.html. One that cannot be written leaves no half of itself
 * behind and does not keep the others from being written. `latest` points to the folder then.
 *
 * @param json where one more copy of report.json goes
 * @throws UserError with the names of those that could not be written.
 */
export async function writeReport(folder: ReportFolder, report: RunReport, json?: string): Promise<void> {
  const figures = () => `${JSON.stringify(report, null, 2)}\n`;
  const failed: { path: string; error: unknown }[] = [];
  const attempt = async (path: string, write: () => Promise<void>) => {
    try {
      await write();
    } catch (error) {
      failed.push({ path, error });
    }
  };
  await attempt(folder.json, () => writeWhole(folder.json, figures()));
  // Straight to where it was asked for, which may be a pipe.
  if (json !== undefined) await attempt(json, () => writeFile(json, figures()));
  await attempt(folder.junit, () => writeWhole(folder.junit, junitReport(report)));
  await attempt(folder.markdown, () => writeWhole(folder.markdown, markdownReport(report)));
  // The page is by far the largest, so what room there is goes to the others first.
  await attempt(folder.html, () => writeWhole(folder.html, reportPage(report)));
  const { stamp } = folder;
  if (stamp !== undefined) await attempt(join(reportsRoot, "latest"), () => pointLatestTo(stamp));
  const [first] = failed;
  if (first) throw unwritable(failed.map(({ path }) => path).join(", "), first.error);
}

function unwritable(where: string, error: unknown): UserError {
  return new UserError(
    `the report cannot be written to ${where}: ${(error as Error).message}`,
    "make room or choose another place with --out or --json",
    { cause: error },
  );
}
