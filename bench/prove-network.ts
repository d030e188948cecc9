import { writeFile } from "node:fs/promises";
import { exitCodes, UserError } from "../contract/user-error.ts";
import type { ClusterApi } from "../host/cluster-api.ts";
import { onInterrupt } from "../host/interrupts.ts";
import { openCluster } from "../host/open-cluster.ts";
import { poll } from "../host/poll.ts";
import { step } from "../host/steps.ts";
import { stackFlows } from "../k8s/network-flows.ts";
import type { ReachedStack } from "../loadtest/cluster-search.ts";
import { policyObstacle } from "../local/cluster/policy-support.ts";
import { deployedStack } from "./deployed-stack.ts";
import type { NetworkProofCommand } from "./network/command-line.ts";
import { connectionTable, differences } from "./network/connection-table.ts";
import { type Connection, isAsDrawn, tryAll, tryFromNode } from "./network/connections.ts";
import { ProofPods, proofNamespaces } from "./network/proof-pods.ts";
import { nodeTargets, sourcesIn, targetsOf } from "./network/stack-ends.ts";

/** Longest time from a change of pods or policies to the effect. */
const effectMs = 20_000;
/** Pods that try their connections at the same time. */
const atOnce = 4;

/**
 * Compares all connections of a deployed stack with the drawn ones, and prints a table.
 *
 * @returns the exit code: 1 when a connection is not as drawn
 * @throws {UserError} when nothing is deployed, or policies are off or not enforced
 */
export async function proveNetwork(command: NetworkProofCommand, stack: string): Promise<number> {
  const outputs = await deployedStack(stack);
  const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  const interrupt = new AbortController();
  const release = onInterrupt(() => interrupt.abort());
  try {
    const connections = await tryConnections(api, outputs, interrupt.signal);
    if (command.json !== undefined)
      await writeFile(command.json, `${JSON.stringify(connections, null, 2)}\n`);
    console.log(`\n${connectionTable(connections)}`);
    const wrong = differences(connections);
    for (const line of wrong) console.log(`✗ ${line}`);
    console.log(`\n${connections.length} connections, ${wrong.length} not as drawn`);
    return connections.length > 0 && wrong.length === 0 ? 0 : 1;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    console.error("✗ interrupted\n  the proof's own pods were removed; run it again");
    return exitCodes.interrupted;
  } finally {
    release();
    api.close();
  }
}

/**
 * Tries every connection between pods of the stack, pods of the proof and the node.
 *
 * @throws {UserError} when the stack has no policies, or the cluster does not enforce them
 */
export async function tryConnections(
  api: ClusterApi,
  outputs: ReachedStack,
  signal?: AbortSignal,
): Promise<Connection[]> {
  const settings = outputs.network;
  if (settings?.policies !== true)
    throw new UserError(
      "the stack has no NetworkPolicies",
      "deploy it with them: pulumi config set --path network.policies true, pulumi up",
    );
  const obstacle = await policyObstacle();
  if (obstacle !== undefined)
    throw new UserError(`this machine does not enforce NetworkPolicies: ${obstacle}`, "npm run status");
  const flows = stackFlows(settings);
  const proofPods = new ProofPods(api, outputs.namespace);
  try {
    await step("Start the proof's own pods", () => proofPods.start());
    return await step("Try every connection", async (report) => {
      const sources = (
        await Promise.all([
          sourcesIn(api, outputs.namespace, true),
          ...proofNamespaces.map((namespace) => sourcesIn(api, namespace, false)),
        ])
      ).flat();
      const listening = await targetsOf(sources);
      const targets = [...listening, ...(await nodeTargets(api))];
      const all = await settled(() => tryFromNode(listening), signal);
      // A refused connection may end with the time limit, because the kernel limits how many refusals it sends.
      const waiting = [...sources];
      const inTurn = async () => {
        for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
          report(`from ${source.name}`);
          const from = source;
          all.push(...(await settled(() => tryAll(flows, from, targets), signal)));
        }
      };
      await Promise.all(Array.from({ length: atOnce }, inTurn));
      report(`${sources.length} pods, ${all.length} connections`);
      return all;
    });
  } finally {
    await step("Remove the proof's own pods", () => proofPods.remove());
  }
}

/** Tries again while a connection is not as drawn: rules follow a change of pods some time later. */
async function settled(attempt: () => Promise<Connection[]>, signal?: AbortSignal): Promise<Connection[]> {
  let last: Connection[] = [];
  await poll({ timeoutMs: effectMs, intervalMs: 500, ...(signal && { signal }) }, async () => {
    last = await attempt();
    return last.every(isAsDrawn);
  });
  return last;
}
