import type { V1Deployment } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { deploymentPath } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { step } from "../../host/steps.ts";
import { workloadsOf } from "../../loadtest/observe/ready-pods.ts";
import type { Finding } from "./finding.ts";
import { type Gap, joinMs, judgeMembership } from "./judge-membership.ts";
import { Load } from "./load.ts";
import { PodWatch } from "./pod-watch.ts";
import { type Proof, pause, stackLoad } from "./proof.ts";
import { lightGet } from "./request-mix.ts";

/** Pods of each round. The step back to 2 shows pods that leave while others serve. */
const steps = [6, 2, 0, 2] as const;
const firstPods = 2;
const readyMs = 120_000;

/** Changes the replicas of the API under load, and puts them back. @throws {UserError} when it has several pools */
export async function proveMembership(proof: Proof): Promise<Finding[]> {
  const { api, outputs, command, signal } = proof;
  const [workload, other] = workloadsOf("api", outputs);
  if (workload === undefined || other !== undefined)
    throw new UserError(
      `membership needs a stack with a single pool of API pods, and ${outputs.namespace} has several`,
      "choose other parts with --only, or another stack",
    );
  const path = deploymentPath(outputs.namespace, workload.name);
  const deployed = await api.getJson<V1Deployment>(path);
  const scale = (replicas: number) => api.patch(`${path}/scale`, { spec: { replicas } });
  const watch = new PodWatch(api, outputs.namespace, workload.selector);
  const fix = `kubectl -n ${outputs.namespace} describe pods`;
  const settled = (pods: number) =>
    pollUntil({ what: `${pods} pods`, fix, timeoutMs: readyMs, intervalMs: 50, signal }, async () =>
      pods === 0 ? watch.present === 0 : watch.serving === pods,
    );
  const gaps: Gap[] = [];
  let load: Load | undefined;
  try {
    await step(`Scale the API to ${firstPods}`, async () => {
      await scale(firstPods);
      await settled(firstPods);
      await pause(joinMs, signal);
    });
    load = new Load({ ...stackLoad(proof), next: () => lightGet });
    for (let round = 1; round <= command.rounds; round++)
      for (const pods of steps)
        await step(`Scale the API to ${pods}, round ${round} of ${command.rounds}`, async () => {
          const fromMs = Date.now();
          const wasEmpty = watch.present === 0;
          await scale(pods);
          if (pods === 0) gaps.push({ fromMs, readyMs: Number.POSITIVE_INFINITY });
          if (wasEmpty) {
            await pollUntil(
              { what: "a pod", fix, timeoutMs: readyMs, intervalMs: 20, signal },
              async () => watch.serving > 0,
            );
            const gap = gaps.at(-1);
            if (gap)
              gap.readyMs = Math.min(
                ...watch.pods.flatMap((pod) => (pod.goneMs === undefined ? [pod.readyMs ?? Infinity] : [])),
              );
          }
          await settled(pods);
          // Also the time in which a removed pod still listens.
          await pause(pods === 0 ? joinMs : 4 * joinMs, signal);
        });
  } finally {
    await load?.stop();
    await watch.stop();
    await step("Put the replicas back", () => scale(workload.replicas));
  }
  const container = deployed.spec?.template.spec?.containers[0];
  const delay = container?.env?.find(({ name }) => name === "SHUTDOWN_DELAY_MS")?.value;
  const { sent, failures } = load.outcomes;
  return judgeMembership({ pods: watch.pods, gaps, sent, failures, listensForMs: Number(delay) });
}
