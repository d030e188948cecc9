import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { recordResources, resolved } from "./recording-mocks.ts";

/** Runs the whole program with this stack config. Call it once per process, because Node.js loads a module only once. */
export async function runProgram(config: Record<string, unknown>) {
  const folder = mkdtempSync(join(tmpdir(), "breakwater-"));
  process.env.BREAKWATER_KUBECONFIG = join(folder, "kubeconfig");
  const kubeconfig = {
    contexts: [{ name: "breakwater", context: { cluster: "embedded" } }],
    clusters: [{ name: "embedded", cluster: { server: "https://127.0.0.1:6443" } }],
  };
  writeFileSync(process.env.BREAKWATER_KUBECONFIG, JSON.stringify(kubeconfig));
  try {
    const recorded = recordResources(config);
    const program = await import("../../index.ts");
    await resolved(pulumi.output(program.endpoint));
    await pulumi.runtime.disconnect();
    return { recorded, program };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
