import type { V1Deployment } from "@kubernetes/client-node";
import type { Workload } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { type ClusterApi, deploymentPath } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import type { ReachedStack } from "../cluster-search.ts";
import { workloadsOf } from "../observe/ready-pods.ts";
import { defineFault } from "./fault.ts";

const annotation = "breakwater/loadtest-rollout";
const rolloutTimeoutMs = 300_000;

/**
 * A rolling update by an annotation on the pod template. `undo` removes the annotation, which rolls the pods back to the
 * old template, and waits for that.
 */
export const rollout = defineFault({
  name: "rollout",
  about: "rolling update of the API, to the same image",
  target: "api",
  needs: "get and patch deployments",
  async check({ outputs }) {
    deploymentsToRoll(outputs);
  },
  async inject({ outputs, api }) {
    const deployments = deploymentsToRoll(outputs);
    const path = ({ name }: Workload) => deploymentPath(outputs.namespace, name);
    const annotate = (workload: Workload, value: string | null) =>
      api.patch(path(workload), {
        spec: { template: { metadata: { annotations: { [annotation]: value } } } },
      });
    const rolled: Workload[] = [];
    const undo = async () => {
      const reverted = rolled.map(async (workload) => {
        await annotate(workload, null);
        await waitRolledOut(path(workload), api);
      });
      const outcomes = await Promise.allSettled(reverted);
      const failed = rolled.filter((_, index) => outcomes[index]?.status === "rejected");
      if (failed.length > 0) throw notRolledBack(failed, outcomes, outputs);
    };
    const atMs = Date.now();
    try {
      for (const workload of deployments) {
        // The workload is noted before the request, because a request without a response may still take effect.
        rolled.push(workload);
        await annotate(workload, new Date(atMs).toISOString());
      }
    } catch (error) {
      for (const workload of rolled) await annotate(workload, null).catch(() => {});
      throw error;
    }
    return {
      workloads: deployments,
      atMs,
      how: `rolling update of ${deployments.map(({ name }) => name).join(", ")}`,
      expected: deployments.map(({ name, replicas }) => ({
        metric: "pods_replaced",
        workload: name,
        most: replicas,
      })),
      undo,
    };
  },
});

function deploymentsToRoll(outputs: ReachedStack): Workload[] {
  const deployments = workloadsOf("api", outputs).filter(({ kind }) => kind === "Deployment");
  if (deployments.length > 0) return deployments;
  throw new UserError("the API is not a Deployment, so there is no rolling update", "choose another fault");
}

function notRolledBack(
  workloads: readonly Workload[],
  outcomes: readonly PromiseSettledResult<void>[],
  { namespace }: ReachedStack,
): UserError {
  const errors = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [outcome.reason as Error] : [],
  );
  const names = workloads.map(({ name }) => name).join(" and ");
  const targets = workloads.map(({ name }) => `deployment/${name}`).join(" ");
  return new UserError(
    `${names} was not rolled back after the fault: ${errors.map(({ message }) => message).join("; ")}`,
    `roll it back: kubectl -n ${namespace} rollout undo ${targets}`,
    { cause: errors[0] },
  );
}

async function waitRolledOut(path: string, api: ClusterApi): Promise<void> {
  await pollUntil(
    {
      what: "the rollback of its pods",
      fix: "see the events of the Deployment: kubectl describe deployment",
      intervalMs: 500,
      timeoutMs: rolloutTimeoutMs,
    },
    async () => isRolledOut(await api.getJson<V1Deployment>(path)),
  );
}

/** Same rule as `kubectl rollout status`: all pods have the newest template and are available, and no others are left. */
export function isRolledOut({ metadata, spec, status }: V1Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) >= wanted &&
    (status?.replicas ?? 0) === (status?.updatedReplicas ?? 0) &&
    (status?.availableReplicas ?? 0) >= wanted
  );
}
