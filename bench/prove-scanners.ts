import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCluster } from "../host/open-cluster.ts";
import { note, step } from "../host/steps.ts";
import { columns } from "../host/table.ts";
import { ensureTool } from "../local/toolchain/toolchain.ts";
import { scanners } from "../local/toolchain/tools.ts";
import { deployedStack } from "./deployed-stack.ts";
import { type Argued, allArguments, argue } from "./scanners/arguments.ts";
import { liveObjects, podsOfJobs } from "./scanners/live-objects.ts";
import { conform, type ScanFinding, score, secure } from "./scanners/scanners.ts";
import { type OpenApi, writeSchemas } from "./scanners/schemas.ts";

const openApiMs = 60_000;

/**
 * Scans the live objects of a stack with kubeconform, kube-score and kubesec, and prints the findings that nobody has argued.
 *
 * @returns the exit code: 1 when there is one
 * @throws {UserError} when nothing is deployed, or a scanner cannot be built
 */
export async function proveScanners(stack: string): Promise<number> {
  const outputs = await deployedStack(stack);
  const kubeconform = await ensureTool(scanners.kubeconform);
  const kubeScore = await ensureTool(scanners.kubeScore);
  const kubesec = await ensureTool(scanners.kubesec);
  const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  const folder = await mkdtemp(join(tmpdir(), "scanners-"));
  try {
    const findings: ScanFinding[] = [];
    const objects = await step("Scan the objects of the stack", async (report) => {
      const live = await liveObjects(api, outputs.namespace);
      await writeSchemas(await api.getJson<OpenApi>("/openapi/v2", openApiMs), folder);
      const file = join(folder, "objects.yaml");
      // YAML of several documents, each of which is JSON.
      const text = [...live, ...podsOfJobs(live)].map((object) => JSON.stringify(object)).join("\n---\n");
      await writeFile(file, text);
      findings.push(...(await conform(kubeconform, file, folder)));
      findings.push(...(await score(kubeScore, file)));
      findings.push(...(await secure(kubesec, file, folder)));
      report(`${live.length} objects`);
      return live.length;
    });
    return reportOn(argue(findings, allArguments), objects);
  } finally {
    api.close();
    await rm(folder, { recursive: true });
  }
}

function reportOn({ open, argued }: Argued, objects: number): number {
  const stay = argued.filter(({ findings }) => findings > 0);
  const rows = stay.map(({ argument, findings }) => [
    argument.scanner,
    argument.check,
    String(findings),
    argument.why,
  ]);
  note(columns([["argued", "", "findings", "why they stay"], ...rows], [2]));
  for (const { scanner, check, object, detail } of open)
    console.log(`✗ ${object}: ${scanner} ${check}\n    ${detail}`);
  console.log(`\n${objects} objects, ${open.length} findings without an argument`);
  return open.length === 0 ? 0 : 1;
}
