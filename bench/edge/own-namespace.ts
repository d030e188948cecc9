import type { V1Deployment, V1Pod, V1PodList } from "@kubernetes/client-node";
import { request } from "undici";
import { type ClusterApi, deploymentPath, podPath, servicePath, withLabels } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { step } from "../../host/steps.ts";
import { isRolledOut } from "../../loadtest/faults/rollout.ts";
import { findObject } from "../../local/cluster/kube-api.ts";

/** Name of the namespace of the proof's own pods. */
export const proofNamespace = "edge-proof";
const namespace = proofNamespace;
const path = `/api/v1/namespaces/${namespace}`;
const readyMs = 90_000;

/** A Deployment of the proof's own, with a Service of the same name. */
export interface OwnWorkload {
  name: string;
  replicas: number;
  image: string;
  command: string[];
  env?: Record<string, string>;
  /** Files in `/etc/proof`. */
  files: Record<string, string>;
  port: number;
  probePath: string;
  /** Whether the Service has no address, so that DNS has those of the pods. */
  headless: boolean;
}

/** A namespace beside the stack for the pods that the proof needs. */
export class OwnNamespace {
  readonly #api: ClusterApi;

  private constructor(api: ClusterApi) {
    this.#api = api;
  }

  /** Runs `work` with an empty namespace, and removes it afterwards. @throws {Error} of `work` */
  static async use<T>(api: ClusterApi, work: (space: OwnNamespace) => Promise<T>): Promise<T> {
    const space = new OwnNamespace(api);
    await space.#remove();
    await api.apply(path, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    try {
      return await work(space);
    } finally {
      await step("Remove the proof's own pods", () => space.#remove());
    }
  }

  /** Host name of a Service. */
  host(name: string): string {
    return `${name}.${namespace}.svc.cluster.local`;
  }

  /** Path of a Deployment at the API server. */
  deployment(name: string): string {
    return deploymentPath(namespace, name);
  }

  /** Deploys a workload and waits until all of its pods are ready. @throws {UserError} when they are not in time */
  async deploy(workload: OwnWorkload): Promise<void> {
    const { name } = workload;
    const metadata = { name, namespace };
    const data = workload.files;
    await this.#api.apply(`${path}/configmaps/${name}`, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
      data,
    });
    const selector = { app: name };
    const spec = {
      selector,
      ports: [{ port: workload.port, targetPort: workload.port, protocol: "TCP" }],
      ...(workload.headless && { clusterIP: "None" }),
    };
    await this.#api.apply(servicePath(namespace, name), {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec,
    });
    await this.#api.apply(this.deployment(name), {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: workload.replicas,
        selector: { matchLabels: selector },
        template: { metadata: { labels: selector }, spec: podSpec(workload) },
      },
    });
    await this.rolledOut(name);
  }

  /** Waits until a roll-out has ended. @throws {UserError} when it has not in time */
  async rolledOut(name: string): Promise<void> {
    const fix = `kubectl -n ${namespace} describe pods; kubectl -n ${namespace} logs deployment/${name}`;
    await pollUntil({ what: `${name} in ${namespace}`, fix, timeoutMs: readyMs, intervalMs: 250 }, async () =>
      isRolledOut(await this.#api.getJson<V1Deployment>(this.deployment(name))),
    );
  }

  /** The pods of a workload. */
  async pods(name: string): Promise<V1Pod[]> {
    return (await this.#api.getJson<V1PodList>(withLabels(podPath(namespace), { app: name }))).items;
  }

  /**
   * Origin of a Service with an address, which this machine reaches as a node of the cluster. A node refuses connections
   * until kube-proxy knows the pods.
   *
   * @throws {UserError} when the Service does not respond in time
   */
  async origin({ name, port, probePath }: OwnWorkload): Promise<string> {
    const { spec } = await this.#api.getJson<{ spec: { clusterIP: string } }>(servicePath(namespace, name));
    const origin = `http://${spec.clusterIP}:${port}`;
    const fix = `kubectl -n ${namespace} describe service ${name}`;
    await pollUntil(
      { what: `a response of ${origin}`, fix, timeoutMs: readyMs, retryAfter: () => true },
      async () => {
        const { statusCode, body } = await request(`${origin}${probePath}`);
        await body.dump();
        return statusCode === 200;
      },
    );
    return origin;
  }

  async #remove(): Promise<void> {
    if ((await findObject(this.#api, path)) === undefined) return;
    await this.#api.delete(path, { propagationPolicy: "Background" }).catch(() => {});
    const what = `namespace ${namespace} to be gone`;
    await pollUntil(
      { what, fix: `kubectl get namespace ${namespace} -o yaml`, timeoutMs: readyMs },
      async () => (await findObject(this.#api, path)) === undefined,
    );
  }
}

function podSpec({ name, image, command, env = {}, port, probePath }: OwnWorkload) {
  const limits = { cpu: "1", memory: "96Mi" };
  return {
    terminationGracePeriodSeconds: 30,
    securityContext: { runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 },
    containers: [
      {
        name: "main",
        image,
        command,
        env: [
          { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          ...Object.entries(env).map(([key, value]) => ({ name: key, value })),
        ],
        resources: { limits, requests: { cpu: "10m", memory: "32Mi" } },
        ports: [{ containerPort: port, protocol: "TCP" }],
        volumeMounts: [
          { name: "files", mountPath: "/etc/proof" },
          { name: "tmp", mountPath: "/tmp" },
        ],
        readinessProbe: { httpGet: { path: probePath, port }, periodSeconds: 1, timeoutSeconds: 5 },
      },
    ],
    volumes: [
      { name: "files", configMap: { name } },
      { name: "tmp", emptyDir: {} },
    ],
  };
}
