import { mkdir, rename, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { writeWhole } from "../../host/write-whole.ts";
import { junitReport } from "./junit.ts";
import { markdownReport } from "./markdown.ts";
import { reportPage } from "./page.ts";
import type { RunReport } from "./report-schema.ts";

const reportsRoot = resolve(import.meta.dirname, "..", "reports");

/** The files of one run's report. */
export interface ReportFolder {
  dir: string;
  html: string;
  json: string;
  /** JUnit XML for CI systems. */
  junit: string;
  markdown: string;
  /** Name of a new folder, to which `latest` will point; undefined when the user chose the folder. */
  stamp: string | undefined;
}

/**
 * Creates the folder: `out`, else a new one named by the time. Call it before the run, so that a full disk or a wrong
 * path is reported at once.
 *
 * @throws {UserError} when it cannot be created.
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
    // A run that ends early must not leave the report of an older run in its folder.
    await Promise.all(Object.values(files).map((file) => rm(file, { force: true })));
  } catch (error) {
    throw unwritable(dir, error);
  }
  return { dir, ...files, stamp: out === undefined ? stamp : undefined };
}

/** Removes the folder of a run that could not begin, if the folder is empty. */
export async function removeIfEmpty({ dir }: ReportFolder): Promise<void> {
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
 * Writes report.json, junit.xml, summary.md and report.html, and points `latest` to the folder. When one file cannot be
 * written, no part of it remains, and the others are still written.
 *
 * @param copy file for another copy of report.json
 * @throws {UserError} with the names of the files that could not be written.
 */
export async function writeReport(folder: ReportFolder, report: RunReport, copy?: string): Promise<void> {
  const json = () => `${JSON.stringify(report, null, 2)}\n`;
  const failed: { path: string; error: unknown }[] = [];
  const attempt = async (path: string, write: () => Promise<void>) => {
    try {
      await write();
    } catch (error) {
      failed.push({ path, error });
    }
  };
  await attempt(folder.json, () => writeWhole(folder.json, json()));
  // The copy is written without a temporary file, because the target may be a pipe.
  if (copy !== undefined) await attempt(copy, () => writeFile(copy, json()));
  await attempt(folder.junit, () => writeWhole(folder.junit, junitReport(report)));
  await attempt(folder.markdown, () => writeWhole(folder.markdown, markdownReport(report)));
  // The page is written last. It is by far the largest file, so the other files still fit on a full disk.
  await attempt(folder.html, () => writeWhole(folder.html, reportPage(report)));
  const { stamp } = folder;
  if (stamp !== undefined) await attempt(join(reportsRoot, "latest"), () => pointLatestTo(stamp));
  const [first] = failed;
  if (first) throw unwritable(failed.map(({ path }) => path).join(", "), first.error);
}

function unwritable(where: string, error: unknown): UserError {
  return new UserError(
    `the report cannot be written to ${where}: ${(error as Error).message}`,
    "free some space, or choose another place with --out or --json",
    { cause: error },
  );
}
