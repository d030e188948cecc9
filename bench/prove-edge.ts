import { writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { exitCodes } from "../contract/user-error.ts";
import { onInterrupt } from "../host/interrupts.ts";
import { openCluster } from "../host/open-cluster.ts";
import { note, step } from "../host/steps.ts";
import { requireSeededUsers } from "../loadtest/load/seed.ts";
import { trustIn } from "../loadtest/load/tls.ts";
import { thisMachine } from "../measure/machine.ts";
import { deployedStack } from "./deployed-stack.ts";
import { proveCache } from "./edge/cache.ts";
import type { EdgeCommand, PartName } from "./edge/command-line.ts";
import { proveDnsOutage } from "./edge/dns-outage.ts";
import { exitCodeOf, type Finding, findingsTable } from "./edge/finding.ts";
import { proveMembership } from "./edge/membership.ts";
import { type Proof, userCount } from "./edge/proof.ts";
import { proveRetries } from "./edge/retries.ts";
import { proveRollouts } from "./edge/rollouts.ts";
import { proveSlowClients } from "./edge/slow-clients.ts";
import { proveWeights } from "./edge/weights.ts";

const parts: Record<PartName, (proof: Proof) => Promise<Finding[]>> = {
  membership: proveMembership,
  dns: proveDnsOutage,
  weights: proveWeights,
  retries: proveRetries,
  cache: proveCache,
  rollouts: proveRollouts,
  "slow-clients": proveSlowClients,
};

/** What the JSON file has. */
interface EdgeResults {
  machine: ReturnType<typeof thisMachine>;
  command: EdgeCommand;
  /** Load averages of the machine over 1, 5 and 15 minutes, before and after each part. */
  machineLoad: Record<string, { before: number[]; after: number[]; seconds: number }>;
  findings: Finding[];
}

/**
 * Runs the parts of the proof one after the other and prints a table.
 *
 * @returns the exit code: 1 when a target was missed
 * @throws {UserError} when nothing is deployed, or a part cannot run
 */
export async function proveEdge(command: EdgeCommand, stack: string): Promise<number> {
  const outputs = await deployedStack(stack);
  const tls = outputs.tls && trustIn(outputs.tls);
  const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  const interrupt = new AbortController();
  const release = onInterrupt(() => interrupt.abort());
  let failure: unknown;
  const results: EdgeResults = { machine: thisMachine(), command, machineLoad: {}, findings: [] };
  try {
    await step("Seed users", () => requireSeededUsers(outputs, userCount));
    for (const name of command.only) {
      const before = loadavg();
      const startedMs = Date.now();
      const found = await parts[name]({ outputs, api, tls, command, signal: interrupt.signal });
      results.findings.push(...found);
      const seconds = (Date.now() - startedMs) / 1000;
      results.machineLoad[name] = { before, after: loadavg(), seconds };
      if (command.only.length > 1) note(findingsTable(found));
    }
  } catch (error) {
    if (!interrupt.signal.aborted) failure = error;
  } finally {
    release();
    api.close();
  }
  // Parts that have ended keep their results when a later one cannot run.
  if (command.json !== undefined) await writeFile(command.json, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\n${findingsTable(results.findings)}`);
  const missed = results.findings.filter(({ isMet }) => !isMet).length;
  console.log(`\n${results.findings.length} checks, ${missed} missed`);
  if (failure !== undefined) throw failure;
  if (!interrupt.signal.aborted) return exitCodeOf(results.findings);
  console.error("✗ interrupted\n  replicas, DNS and pods are as before; run it again");
  return exitCodes.interrupted;
}
