import { setTimeout as sleep } from "node:timers/promises";
import type { V1Deployment } from "@kubernetes/client-node";
import type { StackOutputs, Workload } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi } from "../../host/cluster-api.ts";
import type { StruckFault } from "./fault.ts";
import { workloadsOf } from "./target.ts";

const annotation = "breakwater/loadtest-rollout";
const rolledOutWithinMs = 300_000;
const lookEveryMs = 500;

/** The API's Deployments. @throws UserError when it has none. */
export function deploymentsToRoll(outputs: StackOutputs): Workload[] {
  const deployments = workloadsOf("api", outputs).filter(({ kind }) => kind === "Deployment");
  if (deployments.length > 0) return deployments;
  throw new UserError("the API is not a Deployment, so there is no rolling update", "choose another fault");
}

/**
 * Starts a rolling update of the API by an annotation of its pods. `undo` removes it, which rolls the pods back to what
 * they were, and waits for that.
 *
 * @throws UserError when the API has no Deployment. @throws ApiError when one cannot be changed.
 */
export async function rollOut(outputs: StackOutputs, api: ClusterApi): Promise<StruckFault> {
  const deployments = deploymentsToRoll(outputs);
  const path = ({ name }: Workload) =>
    `/apis/apps/v1/namespaces/${encodeURIComponent(outputs.namespace)}/deployments/${encodeURIComponent(name)}`;
  const annotate = (workload: Workload, value: string | null) =>
    api.patch(path(workload), {
      spec: { template: { metadata: { annotations: { [annotation]: value } } } },
    });
  const rolled: Workload[] = [];
  const undo = async () => {
    for (const workload of rolled) {
      await annotate(workload, null).catch((error) => notRolledBack(workload, outputs, error));
    }
    for (const workload of rolled) {
      await waitRolledOut(path(workload), api).catch((error) => notRolledBack(workload, outputs, error));
    }
  };
  const atMs = Date.now();
  try {
    for (const workload of deployments) {
      // Before the request: one whose answer is lost may have been carried out.
      rolled.push(workload);
      await annotate(workload, new Date(atMs).toISOString());
    }
  } catch (error) {
    for (const workload of rolled) await annotate(workload, null).catch(() => {});
    throw error;
  }
  return {
    name: "rollout",
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
}

function notRolledBack(workload: Workload, outputs: StackOutputs, error: unknown): never {
  if (!(error instanceof ApiError)) throw error;
  throw new UserError(
    `${workload.name} was not rolled back after the fault: ${error.message}`,
    `roll it back: kubectl -n ${outputs.namespace} rollout undo deployment/${workload.name}`,
    { cause: error },
  );
}

async function waitRolledOut(path: string, api: ClusterApi): Promise<void> {
  const untilMs = Date.now() + rolledOutWithinMs;
  while (!isRolledOut(await api.getJson<V1Deployment>(path))) {
    if (Date.now() > untilMs) {
      throw new ApiError(0, `its rollout goes on after ${rolledOutWithinMs / 60_000} minutes`);
    }
    await sleep(lookEveryMs);
  }
}

/** As `kubectl rollout status` sees it: all pods are of the newest template and available, and no others are left. */
export function isRolledOut({ metadata, spec, status }: V1Deployment): boolean {
  const wanted = spec?.replicas ?? 1;
  return (
    (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) &&
    (status?.updatedReplicas ?? 0) >= wanted &&
    (status?.replicas ?? 0) === (status?.updatedReplicas ?? 0) &&
    (status?.availableReplicas ?? 0) >= wanted
  );
}
