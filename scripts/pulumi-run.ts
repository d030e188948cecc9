import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Outcome, runForeground } from "../host/foreground.ts";
import {
  findByEnvironment,
  isAlive,
  type ProcessIdentity,
  sendSignal,
  startTimeOf,
  waitUntilGone,
} from "../host/process-table.ts";
import { writeWhole } from "../host/write-whole.ts";
import { projectRoot } from "./stack.ts";

/** Variable that marks every process of one run of pulumi: the language host and the plugins inherit it. */
export const markerName = "BREAKWATER_PULUMI_RUN";

/** Folder with a record of each run of pulumi that has not ended in order. */
export const recordsFolder = join(projectRoot, ".build", "pulumi-runs");

/** How long a pulumi whose command was killed may take to end what it has begun. */
const orderlyEndMs = 60_000;

/** A run of pulumi that has not ended in order. The file's name is the value of the marker. */
export interface RunRecord {
  /** The npm command that started it. */
  command: ProcessIdentity;
  /** Undefined until it has been started. */
  pulumi?: ProcessIdentity;
}

/**
 * Runs pulumi in the foreground. A pulumi that is killed leaves its language host and its plugins running for minutes; they
 * are ended here. If this process is killed as well, the next call of `endLeftovers` in this checkout ends them.
 *
 * @param stdio see runForeground
 */
export async function runPulumi(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdio: "inherit" | "stderr" = "inherit",
): Promise<Outcome> {
  const marker = randomUUID();
  const file = join(recordsFolder, `${marker}.json`);
  const command = await identify(process.pid);
  // Others read it at any time: one that lacks pulumi, or is empty, would leave that running.
  const write = (record: RunRecord) => writeWhole(file, JSON.stringify(record));
  await mkdir(recordsFolder, { recursive: true });
  await write({ command });
  const outcome = await runForeground("pulumi", args, {
    cwd: projectRoot,
    env: { ...env, [markerName]: marker },
    stdio,
    onStart: async (pid) => write({ command, pulumi: await identify(pid) }),
    onInterrupt: explainInterrupt,
  });
  if (outcome.signal !== null) await endMarked(marker);
  await rm(file, { force: true });
  return outcome;
}

/**
 * Ends what runs of pulumi have left behind whose command was killed. A pulumi that still runs gets SIGINT and up to a
 * minute for an orderly end.
 *
 * @returns number of ended processes.
 */
export async function endLeftovers(): Promise<number> {
  let count = 0;
  const names = await readdir(recordsFolder).catch(() => []);
  for (const name of names.filter((each) => each.endsWith(".json"))) {
    const file = join(recordsFolder, name);
    const record = await readRecord(file);
    if (record !== undefined && (await isAlive(record.command))) continue;
    if (record?.pulumi !== undefined && (await isAlive(record.pulumi))) {
      console.error("  … a pulumi whose command was killed still runs; it ends what it has begun");
      await sendSignal(record.pulumi, "SIGINT");
      await waitUntilGone([record.pulumi], orderlyEndMs);
      count++;
    }
    count += await endMarked(name.replace(/\.json$/, ""));
    await rm(file, { force: true });
  }
  return count;
}

async function endMarked(marker: string): Promise<number> {
  const left = await findByEnvironment(markerName, marker);
  for (const process of left) await sendSignal(process, "SIGKILL");
  await waitUntilGone(left, 5000);
  return left.length;
}

async function readRecord(file: string): Promise<RunRecord | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as RunRecord;
  } catch {
    // A killed command may have left an empty file.
    return undefined;
  }
}

async function identify(pid: number): Promise<ProcessIdentity> {
  return { pid, startTime: (await startTimeOf(pid)) ?? "" };
}

function explainInterrupt(isRepeated: boolean): void {
  console.error(
    isRepeated
      ? "\n  ! pulumi is ended by force within 10 s: objects in creation may be missing in its state"
      : "\n  … interrupted: pulumi ends what it has begun; Ctrl-C once more ends it by force",
  );
}
