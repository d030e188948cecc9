import { writeFile } from "node:fs/promises";
import { exitCodes } from "../contract/user-error.ts";
import { onInterrupt } from "../host/interrupts.ts";
import { openCluster } from "../host/open-cluster.ts";
import { note } from "../host/steps.ts";
import { thisMachine } from "../measure/machine.ts";
import { deployedStack } from "./deployed-stack.ts";
import { controllerPods } from "./redis/change-faults.ts";
import type { RedisProofCommand } from "./redis/command-line.ts";
import { faults } from "./redis/faults.ts";
import { type FaultRun, missedTargets, seconds } from "./redis/judge-run.ts";
import { RedisClusterView } from "./redis/redis-cluster.ts";
import { runFault } from "./redis/run-fault.ts";
import { runsTable } from "./redis/runs-table.ts";
import { StackChange } from "./stack-change.ts";

/**
 * Injects faults into the Redis Cluster of a deployed stack, one after the other, and prints a table.
 *
 * @returns the exit code: 1 when a target was missed
 * @throws {UserError} when nothing is deployed, or a fault cannot be injected
 */
export async function proveRedis(command: RedisProofCommand, stack: string): Promise<number> {
  const outputs = await deployedStack(stack);
  const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  const interrupt = new AbortController();
  const release = onInterrupt(() => interrupt.abort());
  const runs: FaultRun[] = [];
  const { pauseMs, partitionMs, json } = command;
  const view = new RedisClusterView(api, outputs);
  const context = { outputs, api, view, change: new StackChange(stack), pauseMs, partitionMs };
  let failure: unknown;
  try {
    for (const fault of faults.filter(({ name }) => command.only.includes(name))) {
      if (fault.needsController && (await controllerPods(api, outputs)) === undefined) {
        note(`  - ${fault.name} is left out: the stack has no Deployment redis-controller`);
        continue;
      }
      for (let round = 1; round <= command.rounds; round++) {
        const run = await runFault(fault, round, { ...context, signal: interrupt.signal }, command);
        runs.push(run);
        if (json !== undefined) await writeResults(json, command, runs);
        const missed = missedTargets(fault, run);
        const { how, notes = [] } = run.injected;
        const bypass =
          run.api.bypassed > 0
            ? `, ${run.api.bypassed} GETs without cache in ${seconds(run.api.bypassMs)}`
            : "";
        note(`    ${[how, ...notes].join("; ")}; served after ${seconds(run.servedMs)}${bypass}`);
        for (const line of missed) note(`  ✗ ${line}`);
      }
    }
  } catch (error) {
    if (!interrupt.signal.aborted) failure = error;
  } finally {
    release();
    api.close();
  }
  console.log(`\n${runsTable(faults, runs)}`);
  const missed = runs.filter((run) => {
    const fault = faults.find(({ name }) => name === run.fault);
    return fault !== undefined && missedTargets(fault, run).length > 0;
  });
  console.log(`\n${runs.length} runs, ${missed.length} missed a target`);
  if (failure !== undefined) throw failure;
  if (!interrupt.signal.aborted) return runs.length > 0 && missed.length === 0 ? 0 : 1;
  console.error("✗ interrupted\n  the fault is withdrawn, and the writer's pod is removed; run it again");
  return exitCodes.interrupted;
}

/** Runs that have ended keep their results when a later one cannot run. */
async function writeResults(
  file: string,
  command: RedisProofCommand,
  runs: readonly FaultRun[],
): Promise<void> {
  const results = { machine: thisMachine(), command, runs };
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
}
