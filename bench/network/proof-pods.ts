import type { V1Pod } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { comparedImageLabel, type PodGroup } from "../../k8s/network-flows.ts";
import { findObject } from "../../local/cluster/kube-api.ts";
import { imageName, recipes } from "../../local/images/recipes.ts";

/** Namespaces beside the stack. Stack config may admit the second one in `network.metricsNamespaces`. */
export const proofNamespaces = ["network-proof", "network-proof-metrics"] as const;
/** Port on which the proof's pods accept connections: that of the API. */
const port = 3000;
const readyMs = 90_000;
const proofLabel = "breakwater.dev/network-proof";

/** Groups whose pods run only for a while, or not at all. */
const shortLived: readonly PodGroup[] = [
  "redis-formation",
  "redis-password",
  "database-password",
  "database-backup",
  "redis-check",
  "compared-image",
];

/** Pods of the proof: a stranger in each namespace, and one like each of the stack's short-lived pods. */
export class ProofPods {
  readonly #api: ClusterApi;
  readonly #pods: { namespace: string; name: string; labels: Record<string, string> }[];

  constructor(api: ClusterApi, namespace: string) {
    this.#api = api;
    const stranger = (of: string) => ({ namespace: of, name: "network-proof-stranger", labels: {} });
    this.#pods = [
      ...[namespace, ...proofNamespaces].map(stranger),
      ...shortLived.map((group) => ({
        namespace,
        name: `network-proof-${group}`,
        labels:
          group === "compared-image"
            ? { [comparedImageLabel]: "proof" }
            : { "app.kubernetes.io/name": group },
      })),
    ];
  }

  /** Starts the pods, after those of an earlier run are gone. @throws {UserError} when they are not ready in time */
  async start(): Promise<void> {
    await this.remove();
    for (const name of proofNamespaces)
      await this.#api.apply(`/api/v1/namespaces/${name}`, {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name },
      });
    for (const { namespace, name, labels } of this.#pods)
      await this.#api.create(podPath(namespace), podOf(namespace, name, labels));
    await this.#wait("to be ready", (pod) =>
      pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
    );
  }

  /** Removes the pods and namespaces, which need not exist. @throws {UserError} when they are not gone in time */
  async remove(): Promise<void> {
    for (const { namespace, name } of this.#pods)
      if ((await findObject(this.#api, podPath(namespace, name))) !== undefined)
        await this.#api.delete(podPath(namespace, name), { gracePeriodSeconds: 0 });
    await this.#wait("to be gone", (pod) => pod === undefined);
    for (const name of proofNamespaces) {
      const path = `/api/v1/namespaces/${name}`;
      if ((await findObject(this.#api, path)) === undefined) continue;
      await this.#api.delete(path);
      const what = `namespace ${name} to be gone`;
      await pollUntil(
        { what, fix: `kubectl get namespace ${name} -o yaml`, timeoutMs: readyMs },
        async () => (await findObject(this.#api, path)) === undefined,
      );
    }
  }

  async #wait(what: string, holds: (pod: V1Pod | undefined) => boolean | undefined): Promise<void> {
    for (const { namespace, name } of this.#pods)
      await pollUntil(
        {
          what: `the pod ${name} in ${namespace} ${what}`,
          fix: `kubectl -n ${namespace} describe pod ${name}`,
          timeoutMs: readyMs,
          intervalMs: 200,
        },
        async () => holds(await findObject<V1Pod>(this.#api, podPath(namespace, name))) === true,
      );
  }
}

function podOf(namespace: string, name: string, labels: Record<string, string>): V1Pod {
  const recipe = recipes.find((each) => each.name === "node");
  if (recipe === undefined) throw new UserError("there is no image node", "see local/images/recipes.ts");
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { [proofLabel]: "true", ...labels } },
    spec: {
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "main",
          image: imageName(recipe),
          command: ["node", "-e", `require("net").createServer((socket) => socket.end()).listen(${port})`],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          resources: { limits: { cpu: "1", memory: "64Mi" }, requests: { cpu: "1m", memory: "32Mi" } },
          readinessProbe: { tcpSocket: { port }, periodSeconds: 1, timeoutSeconds: 5 },
        },
      ],
    },
  };
}
