import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { StackOutputs } from "../../../contract/outputs.ts";
import { tryCommand } from "../../../host/run-command.ts";
import type { RunReport } from "../../report/report-schema.ts";

const projectRoot = resolve(import.meta.dirname, "..", "..", "..");
/** A run that takes longer has failed. */
const timeoutMs = 420_000;

/** How a run of the real load test ended. */
export interface CellRun {
  exitCode: number;
  /** Undefined when the run made none. */
  report: RunReport | undefined;
  /** Everything that it printed. */
  output: string;
}

/** Runs `loadtest/main.ts` in a process of its own. @param preload a module that it loads first */
export async function runLoadTestProcess(
  outputs: StackOutputs,
  args: readonly string[],
  preload?: string,
): Promise<CellRun> {
  const folder = await mkdtemp(join(tmpdir(), "oracle-run-"));
  const outputsFile = join(folder, "outputs.json");
  await writeFile(outputsFile, JSON.stringify(outputs));
  const command = [
    ...(preload === undefined ? [] : ["--import", preload]),
    "loadtest/main.ts",
    ...["--outputs", outputsFile, "--out", join(folder, "report")],
    ...args,
  ];
  const env = { ...process.env, PULUMI_STACK: "" };
  try {
    const { exitCode, stdout, stderr } = await tryCommand(process.execPath, command, {
      cwd: projectRoot,
      env,
      timeoutMs,
      timeoutSignal: "SIGKILL",
    });
    const output = stdout + stderr;
    const json = await readFile(join(folder, "report", "report.json"), "utf8").catch(() => undefined);
    return { exitCode, output, report: json === undefined ? undefined : (JSON.parse(json) as RunReport) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
