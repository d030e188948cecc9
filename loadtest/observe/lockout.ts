import type { V1Namespace, V1NetworkPolicyList, V1PodList } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { openCluster } from "../../host/open-cluster.ts";
import type { ReachedStack } from "../cluster-search.ts";
import { selects } from "./pod-history.ts";
import { policyLockouts } from "./policy-lockout.ts";

/**
 * Returns a reason with the NetworkPolicies that lock requests out, when there are any. It is returned unchanged when the
 * cluster or its policies cannot be read.
 */
export async function withLockouts(reason: string, outputs: ReachedStack): Promise<string> {
  const found = await findLockouts(outputs).catch((): string[] => []);
  return [reason, ...found].join("; ");
}

/** Runs `work`. Its UserError gets the NetworkPolicies that lock requests out. @throws {Error} of `work` */
export async function namingLockouts<T>(outputs: ReachedStack, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const what = await withLockouts(error.message, outputs);
    throw new UserError(what, error.fix, { exitCode: error.exitCode, cause: error });
  }
}

async function findLockouts(outputs: ReachedStack): Promise<string[]> {
  const { kubeconfig, kubeContext } = outputs.cluster;
  if (kubeconfig.length === 0) return [];
  const api = openCluster(kubeconfig, kubeContext);
  try {
    return await lockoutsOf(outputs, api);
  } finally {
    api.close();
  }
}

async function lockoutsOf({ namespace, workloads }: ReachedStack, api: ClusterApi): Promise<string[]> {
  const name = encodeURIComponent(namespace);
  const [policies, pods, { metadata }] = await Promise.all([
    api.getJson<V1NetworkPolicyList>(`/apis/networking.k8s.io/v1/namespaces/${name}/networkpolicies`),
    api.getJson<V1PodList>(podPath(namespace)),
    api.getJson<V1Namespace>(`/api/v1/namespaces/${name}`),
  ]);
  const subjects = workloads.flatMap(({ role, selector }) => {
    const pod = pods.items.find((each) => selects(selector, each.metadata?.labels));
    const ports = pod?.spec?.containers.flatMap((container) => container.ports ?? []) ?? [];
    return [{ role, labels: { ...selector, ...pod?.metadata?.labels }, ports }];
  });
  return policyLockouts(policies.items, { pods: subjects, namespaceLabels: metadata?.labels ?? {} });
}
