import { randomBytes } from "node:crypto";
import type { V1NamespaceList, V1PodList } from "@kubernetes/client-node";
import { exitCodes, UserError } from "../contract/user-error.ts";
import { ApiError, type ClusterApi, podPath, withLabels } from "../host/cluster-api.ts";
import { step } from "../host/steps.ts";
import { diagnose, type Finding, mayNeedLiberty } from "./diagnose.ts";
import { removePod, runTrial } from "./run-trial.ts";
import type { Liberty, Trial, TrialContract } from "./trial.ts";
import { doctorLabels } from "./trial-pod.ts";

const namePrefix = "breakwater-doctor-";
/** No doctor takes as long. */
const leftoverAfterMs = 15 * 60_000;
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
      `see whether it answers (kubectl get nodes); the doctor makes a namespace and pods in it`,
      { cause: error },
    );
  }
}

async function tryAll(contract: TrialContract, api: ClusterApi, nodeImage: string): Promise<Finding[]> {
  await removeLeftovers(api);
  const namespace = `${namePrefix}${randomBytes(3).toString("hex")}`;
  await api.create(namespacePath, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { ...doctorLabels } },
  });
  const stopListening = onInterrupt(() => removeNamespace(namespace, api));
  const trials: Trial[] = [];
  try {
    for (const liberty of ["none", "writable root file system", "root user"] as const) {
      const trial = await step(trialNames[liberty], (report) =>
        runTrial(contract, liberty, { api, namespace, nodeImage }, report),
      ).catch((error: unknown) => {
        // Clusters may refuse all pods but restricted ones.
        if (liberty !== "none" && error instanceof ApiError && error.status === 403) return undefined;
        throw error;
      });
      if (trial === undefined) break;
      trials.push(trial);
      if (!mayNeedLiberty(trial)) break;
    }
  } finally {
    stopListening();
    await removeNamespace(namespace, api);
  }
  return diagnose(trials, contract);
}

/** Removes what is there at Ctrl-C, and ends the process. @returns what ends that */
function onInterrupt(remove: () => Promise<void>): () => void {
  const end = () => void remove().finally(() => process.exit(exitCodes.interrupted));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  return () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
  };
}

/** Removes what doctors have left that were killed. A doctor that runs has a younger namespace. */
async function removeLeftovers(api: ClusterApi): Promise<void> {
  const { items } = await api.getJson<V1NamespaceList>(withLabels(namespacePath, { ...doctorLabels }));
  const old = items.filter(({ metadata }) => {
    const made = new Date(metadata?.creationTimestamp ?? 0).getTime();
    return metadata?.name?.startsWith(namePrefix) && Date.now() - made > leftoverAfterMs;
  });
  for (const { metadata } of old) await removeNamespace(metadata?.name ?? "", api);
}

async function removeNamespace(namespace: string, api: ClusterApi): Promise<void> {
  const { items } = await api.getJson<V1PodList>(withLabels(podPath(namespace), { ...doctorLabels }));
  for (const { metadata } of items) await removePod(podPath(namespace, metadata?.name), api);
  await api.delete(`${namespacePath}/${namespace}`).catch((error: unknown) => {
    // 409: it is going already.
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
  });
}
