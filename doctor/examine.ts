import type { V1PodList } from "@kubernetes/client-node";
import { UserError } from "../contract/user-error.ts";
import { ApiError, type ClusterApi, podPath, withLabels } from "../host/cluster-api.ts";
import { poll } from "../host/poll.ts";
import { step } from "../host/steps.ts";
import { diagnose, type Finding, mayNeedLiberty } from "./diagnose.ts";
import { removePod, runTrial } from "./run-trial.ts";
import type { Liberty, Trial, TrialContract } from "./trial.ts";
import { doctorLabels } from "./trial-pod.ts";

const namespace = "breakwater-doctor";
const namespacePath = "/api/v1/namespaces";

/** What each trial is, for progress lines. */
const trialNames: Record<Liberty, string> = {
  none: "Try the API as the stack deploys it",
  "writable root file system": "Try it with a root file system that it may write to",
  "root user": "Try it as root",
};

/**
 * Tries an API in pods of a namespace of the doctor's own, which is removed again: first as the stack deploys it, then, if it does
 * not answer, with more and more liberties, so that the reason shows.
 *
 * @param nodeImage an image with Node.js, for the probe
 * @returns what is wrong, in the order in which it is mended
 * @throws {UserError} when the cluster refuses the pods, or does not run them
 */
export async function examine(
  contract: TrialContract,
  api: ClusterApi,
  nodeImage: string,
): Promise<Finding[]> {
  try {
    return await tryAll(contract, api, nodeImage);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new UserError(
      `the cluster does not let the doctor try the API: ${error.message}`,
      `see whether it answers (kubectl get nodes); the doctor makes the namespace ${namespace} and pods in it`,
      { cause: error },
    );
  }
}

async function tryAll(contract: TrialContract, api: ClusterApi, nodeImage: string): Promise<Finding[]> {
  await removeNamespace(api);
  await api.create(namespacePath, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { ...doctorLabels } },
  });
  const trials: Trial[] = [];
  try {
    for (const liberty of ["none", "writable root file system", "root user"] as const) {
      const trial = await step(trialNames[liberty], (report) =>
        runTrial(contract, liberty, { api, namespace, nodeImage }, report),
      );
      trials.push(trial);
      if (!mayNeedLiberty(trial)) break;
    }
  } finally {
    await removeNamespace(api);
  }
  return diagnose(trials, contract);
}

/** Also what a doctor that was killed has left. */
async function removeNamespace(api: ClusterApi): Promise<void> {
  const { items } = await api.getJson<V1PodList>(withLabels(podPath(namespace), { ...doctorLabels }));
  for (const { metadata } of items) await removePod(podPath(namespace, metadata?.name), api);
  const isGone = async () => {
    try {
      await api.delete(`${namespacePath}/${namespace}`);
      return false;
    } catch (error) {
      // 409: it is going already.
      if (error instanceof ApiError && error.status === 404) return true;
      if (error instanceof ApiError && error.status === 409) return false;
      throw error;
    }
  };
  await poll({ intervalMs: 500, timeoutMs: 60_000 }, isGone);
}
