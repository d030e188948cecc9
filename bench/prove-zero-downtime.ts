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
import { exitCodeOf, type Finding, findingsTable, noneFailed } from "./edge/finding.ts";
import { Load } from "./edge/load.ts";
import { reasonsOf } from "./edge/outcomes.ts";
import { type Proof, pause, stackLoad, userCount } from "./edge/proof.ts";
import { RequestMix } from "./edge/request-mix.ts";
import { controlRollouts, lostWrites } from "./edge/rollouts.ts";
import { StackChange } from "./stack-change.ts";
import { type Change, requireTwoPods } from "./zero-downtime/change.ts";
import type { ChangeName, ZeroDowntimeCommand } from "./zero-downtime/command-line.ts";
import { repeatedRollouts, rotatedPasswords, switchedPools } from "./zero-downtime/deployments.ts";
import { deletedPods, drainedNode } from "./zero-downtime/pods.ts";

const changes: Record<ChangeName, Change> = {
  rollouts: repeatedRollouts,
  pods: deletedPods,
  drain: drainedNode,
  rotation: rotatedPasswords,
  pools: switchedPools,
};
/** Load before the first change, and after each one, in which old pods still drain. */
const calmMs = 8000;

/**
 * Makes the changes one after the other under one load, and then the roll-outs of the control.
 *
 * @returns the exit code: 1 when a request failed, a write was lost, or the control lost none
 * @throws {UserError} when nothing is deployed, the stack has single pods, or a change cannot be made
 */
export async function proveZeroDowntime(command: ZeroDowntimeCommand, stack: string): Promise<number> {
  const outputs = await deployedStack(stack);
  const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  const interrupt = new AbortController();
  const release = onInterrupt(() => interrupt.abort());
  const tls = outputs.tls && trustIn(outputs.tls);
  const proof = { outputs, api, tls, command, signal: interrupt.signal };
  const findings: Finding[] = [];
  const before = loadavg();
  let failure: unknown;
  try {
    await requireTwoPods(proof);
    await step("Seed users", () => requireSeededUsers(outputs, userCount));
    await underLoad(proof, new StackChange(stack), findings);
    note(findingsTable(findings));
    findings.push(await controlRollouts(proof));
  } catch (error) {
    if (!interrupt.signal.aborted) failure = error;
  } finally {
    release();
    api.close();
  }
  const results = { machine: thisMachine(), command, machineLoad: { before, after: loadavg() }, findings };
  if (command.json !== undefined) await writeFile(command.json, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\n${findingsTable(findings)}`);
  if (failure !== undefined) throw failure;
  if (!interrupt.signal.aborted) return exitCodeOf(findings);
  console.error("✗ interrupted\n  the stack works; pulumi up puts back what stack config says");
  return exitCodes.interrupted;
}

/** @param findings gets one of each change that was made, and those of the whole */
async function underLoad(
  proof: Proof<ZeroDowntimeCommand>,
  stack: StackChange,
  findings: Finding[],
): Promise<void> {
  const settings = stackLoad(proof);
  const mix = new RequestMix(userCount);
  const load = new Load({ ...settings, next: mix.next });
  const { outcomes } = load;
  try {
    await pause(calmMs, proof.signal);
    for (const name of proof.command.only) {
      const { about, make } = changes[name];
      const first = { sent: outcomes.sent, failed: outcomes.failed, kept: outcomes.failures.length };
      const done = await step(about, (report) =>
        make({ ...proof, stack, report, sent: () => outcomes.sent }),
      );
      await pause(calmMs, proof.signal);
      const found = noneFailed(name, `${about}: ${done}`, {
        sent: outcomes.sent - first.sent,
        failed: outcomes.failed - first.failed,
        reasons: reasonsOf(outcomes.failures.slice(first.kept)),
      });
      findings.push(found);
    }
  } finally {
    await load.stop();
  }
  const { sent, failed, shed, byMethod, reasons, failures } = outcomes;
  if (shed > 0) note(`  ! the API refused ${shed} requests, because the machine is overloaded: lower --rate`);
  const methods = Object.entries(byMethod).map(([method, count]) => `${count} ${method}`);
  const values = { sent, failed, shed, byMethod, failures: failures.slice(0, 200) };
  findings.push({ ...noneFailed("all", methods.join(", "), { sent, failed, reasons }), values });
  const lost = await lostWrites(settings, mix);
  findings.push({
    part: "all",
    check: "acknowledged writes that were lost",
    measured: `${lost} of ${userCount} users`,
    target: "0",
    isMet: lost === 0,
  });
}
