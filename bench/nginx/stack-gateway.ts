import type { V1ConfigMap, V1Pod, V1PodList } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import { readyPods } from "../../loadtest/observe/ready-pods.ts";

/** The ready pods of a role. @throws {UserError} when none is ready */
export async function podsOf(
  role: "api" | "nginx",
  outputs: ReachedStack,
  api: ClusterApi,
): Promise<V1Pod[]> {
  const ready = await readyPods(role, outputs, api);
  const { items } = await api.getJson<V1PodList>(podPath(outputs.namespace));
  return items.filter(({ metadata }) => ready.some(({ uid }) => uid === metadata?.uid));
}

/** The nginx.conf that a gateway pod runs with, and its programs. @throws {UserError} when it has none */
export async function filesOf(
  pod: V1Pod,
  { namespace }: ReachedStack,
  api: ClusterApi,
): Promise<Record<string, string>> {
  const name = pod.spec?.volumes?.find(({ configMap }) => configMap !== undefined)?.configMap?.name;
  const { data } = await api.getJson<V1ConfigMap>(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
  if (data?.["nginx.conf"] === undefined) throw noPod("nginx", namespace);
  return data;
}

/** The error of a stack without a ready gateway. */
export function noPod(role: string, namespace: string): UserError {
  return new UserError(`no ${role} pod with a configuration is ready in ${namespace}`, "npm run up");
}
