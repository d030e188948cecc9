import { setTimeout as sleep } from "node:timers/promises";
import type { V1Deployment, V1Pod, V1PodList, V1Service } from "@kubernetes/client-node";
import type { StackOutputs, Workload } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, ClusterApi, podPath } from "../../host/cluster-api.ts";
import { deploymentsToRoll } from "../faults/rollout.ts";
import { workloadsOf } from "../faults/target.ts";
import { notReady, selects } from "../observe/pod-history.ts";

const managedBy = "app.kubernetes.io/managed-by";
const owner = "breakwater-loadtest";
const letterLabel = "breakwater/compared-image";
const readyWithinMs = 180_000;
const reachedWithinMs = 60_000;
const lookEveryMs = 500;
/** What a container waits for in vain when one of these is the reason. */
const hopeless = [
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "CrashLoopBackOff",
  "RunContainerError",
];

/** One pod of the API with an image of its own, reached past the gateway. */
export interface ImagePool {
  letter: "A" | "B";
  image: string;
  endpoint: string;
  workload: Workload;
}

/**
 * Two pods that are like the API's in everything but the image, each behind a Service of its own of the type that the
 * gateway's has. Neither the gateway nor the API's Service knows them; database and Redis are the stack's own, keys
 * and all, as for two versions in a rolling update. They belong to the API's Deployment and go with it.
 */
export class ImagePools {
  readonly pools: readonly [ImagePool, ImagePool];
  readonly #api: ClusterApi;
  readonly #namespace: string;

  private constructor(pools: readonly [ImagePool, ImagePool], api: ClusterApi, namespace: string) {
    this.pools = pools;
    this.#api = api;
    this.#namespace = namespace;
  }

  /**
   * Deploys both and waits until they are ready and answer. What an earlier run left behind is removed first.
   *
   * @throws UserError when the stack's gateway has a Service that cannot be copied, or a pod does not become ready, with the reason.
   */
  static async deploy(
    [a, b]: readonly [string, string],
    outputs: StackOutputs,
    signal: AbortSignal,
  ): Promise<ImagePools> {
    const { namespace, cluster } = outputs;
    const api = ClusterApi.open(cluster.kubeconfig, cluster.kubeContext);
    try {
      await removeAll(api, namespace);
      const [pattern] = deploymentsToRoll(outputs);
      if (!pattern) throw new UserError("the stack has no API", "deploy it: pulumi up");
      const source = await api.getJson<V1Deployment>(`${deploymentsPath(namespace)}/${pattern.name}`);
      const type = await gatewayType(outputs, api);
      const make = (letter: ImagePool["letter"], image: string) =>
        deployOne(letter, image, { api, outputs, pattern, source, type });
      const pools = [await make("A", a), await make("B", b)] as const;
      for (const pool of pools) await waitReady(pool, namespace, api, signal);
      for (const pool of pools) await waitReached(pool, signal);
      return new ImagePools(pools, api, namespace);
    } catch (error) {
      await removeAll(api, namespace).catch(() => {});
      api.close();
      if (signal.aborted) throw new UserError("interrupted while the images were deployed", "start it again");
      if (!(error instanceof ApiError)) throw error;
      throw new UserError(
        `the images could not be deployed beside the stack: ${error.message}`,
        `the load test needs to create Deployments and Services in ${namespace}`,
        { cause: error },
      );
    }
  }

  /** @throws ApiError when the cluster does not let them go. */
  async remove(): Promise<void> {
    try {
      await removeAll(this.#api, this.#namespace);
    } finally {
      this.#api.close();
    }
  }
}

function deploymentsPath(namespace: string): string {
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments`;
}

function servicesPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/services`;
}

async function gatewayType({ namespace, ...outputs }: StackOutputs, api: ClusterApi): Promise<string> {
  const [gateway] = workloadsOf("nginx", { namespace, ...outputs });
  const service = await api.getJson<V1Service>(`${servicesPath(namespace)}/${gateway?.name}`);
  const type = service.spec?.type ?? "ClusterIP";
  if (type !== "ClusterIP") return type;
  throw new UserError(
    "--compare-images reaches each pod by a Service like the gateway's, which is of type ClusterIP and not reached from here",
    "set nginx.serviceType to NodePort or LoadBalancer, at least for the stack on which images are compared",
  );
}

async function deployOne(
  letter: ImagePool["letter"],
  image: string,
  of: { api: ClusterApi; outputs: StackOutputs; pattern: Workload; source: V1Deployment; type: string },
): Promise<ImagePool> {
  const { api, outputs, pattern, source, type } = of;
  const { namespace } = outputs;
  const name = `${pattern.name}-${letter.toLowerCase()}-${Date.now().toString(36)}`;
  const selector = { [letterLabel]: letter.toLowerCase() };
  const { name: ownerName = "", uid = "" } = source.metadata ?? {};
  const metadata = {
    name,
    namespace,
    labels: { [managedBy]: owner, ...selector },
    ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: ownerName, uid }],
  };
  const template = source.spec?.template;
  const [main, ...others] = template?.spec?.containers ?? [];
  const ports = (main?.ports ?? []).filter((port) => port.name === "http");
  await api.create(deploymentsPath(namespace), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: selector },
      template: {
        metadata: { annotations: template?.metadata?.annotations, labels: selector },
        spec: {
          ...template?.spec,
          containers: [{ ...main, image }, ...others],
          topologySpreadConstraints: undefined,
        },
      },
    },
  });
  const service = await api.create<V1Service>(servicesPath(namespace), {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { type, selector, ports: [{ name: "http", port: 80, targetPort: ports[0]?.containerPort }] },
  });
  const workload: Workload = { ...pattern, name, replicas: 1, selector };
  return { letter, image, endpoint: await addressOf(service, outputs, api), workload };
}

/** A node port is reached where the stack's own endpoint is. */
async function addressOf(service: V1Service, outputs: StackOutputs, api: ClusterApi): Promise<string> {
  const nodePort = service.spec?.ports?.[0]?.nodePort;
  if (service.spec?.type === "NodePort") return `http://${new URL(outputs.endpoint).hostname}:${nodePort}`;
  const path = `${servicesPath(outputs.namespace)}/${service.metadata?.name}`;
  const untilMs = Date.now() + readyWithinMs;
  for (;;) {
    const { status } = await api.getJson<V1Service>(path);
    const [ingress] = status?.loadBalancer?.ingress ?? [];
    const host = ingress?.ip ?? ingress?.hostname;
    if (host) return `http://${host.includes(":") ? `[${host}]` : host}`;
    if (Date.now() > untilMs)
      throw new UserError(
        `the load balancer of ${service.metadata?.name} has no address after ${readyWithinMs / 1000} s`,
        "see what holds it up: kubectl describe service",
      );
    await sleep(lookEveryMs);
  }
}

async function waitReady(
  pool: ImagePool,
  namespace: string,
  api: ClusterApi,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = Date.now() + readyWithinMs;
  for (;;) {
    signal.throwIfAborted();
    const { items } = await api.getJson<V1PodList>(podPath(namespace));
    const pods = items.filter((pod) => selects(pool.workload.selector, pod.metadata?.labels));
    if (notReady([pool.workload], pods).length === 0) return;
    const { reason, final } = whyNotReady(pods);
    if (!final && Date.now() < untilMs) {
      await sleep(lookEveryMs);
      continue;
    }
    throw new UserError(
      `a pod with image ${pool.letter}, ${pool.image}, does not become ready: ${reason}`,
      "give images that this cluster can pull and that are of this API; the outputs' apiImage is the deployed one",
    );
  }
}

/** What holds the pods up, in the cluster's words, and whether waiting can help. */
export function whyNotReady(pods: readonly V1Pod[]): { reason: string; final: boolean } {
  for (const { status } of pods) {
    for (const { state, lastState } of status?.containerStatuses ?? []) {
      const { reason, message } = state?.waiting ?? {};
      if (!reason || !hopeless.includes(reason)) continue;
      const ended = lastState?.terminated;
      const last = ended ? `; it ended with code ${ended.exitCode}` : "";
      return { reason: `${reason}${message ? `: ${message}` : ""}${last}`, final: true };
    }
    const unscheduled = status?.conditions?.find(
      ({ type, status: is }) => type === "PodScheduled" && is === "False",
    );
    if (unscheduled) return { reason: unscheduled.message ?? "it is not scheduled", final: false };
  }
  return { reason: pods.length === 0 ? "no pod was made" : "it does not answer its probe", final: false };
}

/** The pod is ready before every node forwards to it. */
async function waitReached({ endpoint, letter }: ImagePool, signal: AbortSignal): Promise<void> {
  const untilMs = Date.now() + reachedWithinMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`${endpoint}/livez`, { signal: AbortSignal.timeout(2000) }).catch(
      (error: Error) => error,
    );
    if (answer instanceof Response && answer.ok) return;
    if (Date.now() > untilMs) {
      const found = answer instanceof Response ? `HTTP ${answer.status}` : String(answer.cause ?? answer);
      throw new UserError(
        `image ${letter} is ready, but ${endpoint} does not answer within ${reachedWithinMs / 1000} s: ${found}`,
        "see whether a firewall lets node ports through, as it does the gateway's",
      );
    }
    await sleep(lookEveryMs);
  }
}

async function removeAll(api: ClusterApi, namespace: string): Promise<void> {
  const query = `?labelSelector=${encodeURIComponent(`${managedBy}=${owner}`)}`;
  for (const path of [deploymentsPath(namespace), servicesPath(namespace)]) {
    const { items } = await api.getJson<{ items: V1Deployment[] }>(path + query);
    for (const { metadata } of items) {
      await api
        .delete(`${path}/${metadata?.name}`, { propagationPolicy: "Background" })
        .catch((error: ApiError) => {
          if (error.status !== 404) throw error;
        });
    }
  }
}
