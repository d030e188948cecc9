import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { writeWhole } from "../../host/write-whole.ts";
import { capacityPage } from "./page.ts";
import type { CapacityReport } from "./schema.ts";

/** Folder that new reports go to. */
const reportsRoot = resolve(import.meta.dirname, "..", "reports");

/**
 * Creates the folder of a report: `out`, else a new one named by the time. Call it before the run, so that a full disk or a
 * wrong path is reported at once.
 *
 * @throws {UserError} when it cannot be created.
 */
export async function capacityFolder(out: string | undefined): Promise<string> {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const folder = out === undefined ? join(reportsRoot, stamp) : resolve(out);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw unwritable(folder, error);
  });
  return folder;
}

/** Writes capacity.json and capacity.html. @returns the path of the page @throws {UserError} when a file cannot be written. */
export async function writeCapacityReport(folder: string, report: CapacityReport): Promise<string> {
  const page = join(folder, "capacity.html");
  try {
    await writeWhole(join(folder, "capacity.json"), `${JSON.stringify(report, null, 2)}\n`);
    await writeWhole(page, capacityPage(report));
  } catch (error) {
    throw unwritable(folder, error);
  }
  return page;
}

function unwritable(where: string, error: unknown): UserError {
  return new UserError(
    `the report cannot be written to ${where}: ${(error as Error).message}`,
    "free some space, or choose another place with --out; then --resume writes the report of the same steps",
    { cause: error },
  );
}
