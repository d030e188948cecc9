import type { V1Deployment } from "@kubernetes/client-node";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { isRolledOut } from "../../loadtest/faults/rollout.ts";

const rolloutMs = 180_000;

/**
 * Replaces all pods of a Deployment like `kubectl rollout restart`, and waits for the end.
 *
 * @param path of the Deployment at the API server
 * @throws {UserError} when it does not end in time
 */
export async function rollOut(api: ClusterApi, path: string, signal: AbortSignal): Promise<void> {
  const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
  await api.patch(path, { spec: { template: { metadata: { annotations } } } });
  await pollUntil(
    {
      what: `the roll-out of ${path.split("/").at(-1)}`,
      fix: "see its events: kubectl describe deployment",
      intervalMs: 250,
      timeoutMs: rolloutMs,
      signal,
    },
    async () => isRolledOut(await api.getJson<V1Deployment>(path)),
  );
}
