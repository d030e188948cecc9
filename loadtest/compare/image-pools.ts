import type { V1Deployment, V1Pod, V1PodList, V1Service } from "@kubernetes/client-node";
import type { Workload } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import {
  ApiError,
  type ClusterApi,
  deploymentPath,
  podPath,
  servicePath,
  withLabels,
} from "../../host/cluster-api.ts";
import { openCluster } from "../../host/open-cluster.ts";
import { poll, pollUntil } from "../../host/poll.ts";
import type { ReachedStack } from "../cluster-search.ts";
import { notReady, selects } from "../observe/pod-history.ts";
import { workloadsOf } from "../observe/ready-pods.ts";

const managedBy = "app.kubernetes.io/managed-by";
const owner = "breakwater-loadtest";
const letterLabel = "breakwater/compared-image";
const readyTimeoutMs = 180_000;
const reachableTimeoutMs = 60_000;
const intervalMs = 500;
/** Reasons of a waiting container that do not pass by themselves. */
const finalReasons = [
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "CrashLoopBackOff",
  "RunContainerError",
];

/** One pod of the API with one of the images. Its endpoint bypasses the gateway. */
export interface ImagePool {
  letter: "A" | "B";
  image: string;
  endpoint: string;
  workload: Workload;
}

/**
 * Two pods that equal the API's pods except for the image. Each has its own Service of the type of the gateway's Service.
 * Neither the gateway nor the API's Service selects them. They share the stack's database and Redis, keys included, as two
 * versions do in a rolling update. The API's Deployment owns them, so they are deleted with it.
 * See docs/decisions.md#image-comparison.
 */
export class ImagePools {
  readonly #outputs: ReachedStack;
  readonly #api: ClusterApi;
  #mayExist = false;

  /** @throws {UserError} when the kubeconfig cannot be read. */
  constructor(outputs: ReachedStack) {
    this.#outputs = outputs;
    this.#api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  }

  /**
   * Removes the pods of an earlier run, deploys both images and waits until they respond. Call `remove` after it, also
   * when it fails.
   *
   * @param arePools whether `a` and `b` name Deployments, whose pods are copied, and not images
   * @throws {UserError} when the Service of the gateway has an unsuitable type, or a pod does not become ready.
   */
  async deploy(
    [a, b]: readonly [string, string],
    arePools: boolean,
    signal: AbortSignal,
  ): Promise<readonly [ImagePool, ImagePool]> {
    const outputs = this.#outputs;
    const api = this.#api;
    const { namespace } = outputs;
    try {
      await removeAll(api, namespace);
      const type = await gatewayType(outputs, api);
      const make = async (letter: ImagePool["letter"], given: string) => {
        const pattern = patternOf(outputs, arePools ? given : undefined);
        const source = await api.getJson<V1Deployment>(deploymentPath(namespace, pattern.name));
        const own = source.spec?.template.spec?.containers[0]?.image ?? "";
        return deployOne(letter, arePools ? own : given, { api, outputs, pattern, source, type });
      };
      this.#mayExist = true;
      const pools = [await make("A", a), await make("B", b)] as const;
      for (const pool of pools) await waitReady(pool, namespace, api, signal);
      for (const pool of pools) await waitReachable(pool, signal);
      return pools;
    } catch (error) {
      if (signal.aborted) throw new UserError("interrupted while the images were deployed", "start it again");
      if (!(error instanceof ApiError)) throw error;
      throw new UserError(
        `the images could not be deployed beside the stack: ${error.message}`,
        `the load test needs to create Deployments and Services in ${namespace}`,
        { cause: error },
      );
    }
  }

  /** Removes both pods and their Services. @throws {ApiError} when the cluster refuses. */
  async remove(): Promise<void> {
    try {
      if (this.#mayExist) await removeAll(this.#api, this.#outputs.namespace);
    } finally {
      this.#api.close();
    }
  }
}

/** The Deployment that a pod is copied from: the named one, else the first one of the API. */
function patternOf(outputs: ReachedStack, name: string | undefined): Workload {
  const deployments = workloadsOf("api", outputs).filter(({ kind }) => kind === "Deployment");
  const pattern = deployments.find((each) => name === undefined || each.name === name);
  if (pattern !== undefined) return pattern;
  if (name === undefined)
    throw new UserError("the API of the stack is not a Deployment", "deploy it: pulumi up");
  const known = deployments.map((each) => each.name).join(", ");
  throw new UserError(
    `--compare-pools ${name}: must be a Deployment of the API`,
    `this stack has: ${known || "none"}`,
  );
}

async function gatewayType(outputs: ReachedStack, api: ClusterApi): Promise<string> {
  const [gateway] = workloadsOf("nginx", outputs);
  const service = await api.getJson<V1Service>(servicePath(outputs.namespace, gateway?.name));
  const type = service.spec?.type ?? "ClusterIP";
  if (type !== "ClusterIP") return type;
  throw new UserError(
    "--compare-images needs a Service for each pod like the gateway's, whose type ClusterIP cannot be reached from here",
    "set nginx.serviceType to NodePort or LoadBalancer in the stack on which images are compared",
  );
}

interface Pattern {
  api: ClusterApi;
  outputs: ReachedStack;
  pattern: Workload;
  source: V1Deployment;
  /** Type of the Services. */
  type: string;
}

async function deployOne(
  letter: ImagePool["letter"],
  image: string,
  { api, outputs, pattern, source, type }: Pattern,
): Promise<ImagePool> {
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
  await api.create(deploymentPath(namespace), {
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
  const service = await api.create<V1Service>(servicePath(namespace), {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { type, selector, ports: [{ name: "http", port: 80, targetPort: ports[0]?.containerPort }] },
  });
  const workload: Workload = { ...pattern, name, replicas: 1, selector };
  return { letter, image, endpoint: await addressOf(service, outputs, api), workload };
}

/** The address of a Service. A node port has the host of the stack's endpoint. */
async function addressOf(service: V1Service, outputs: ReachedStack, api: ClusterApi): Promise<string> {
  const nodePort = service.spec?.ports?.[0]?.nodePort;
  if (service.spec?.type === "NodePort") return `http://${new URL(outputs.endpoint).hostname}:${nodePort}`;
  const name = service.metadata?.name;
  const host = await pollUntil(
    {
      what: `an address of the load balancer of ${name}`,
      fix: "see its events: kubectl describe service",
      intervalMs,
      timeoutMs: readyTimeoutMs,
    },
    async () => {
      const { status } = await api.getJson<V1Service>(servicePath(outputs.namespace, name));
      const [ingress] = status?.loadBalancer?.ingress ?? [];
      return ingress?.ip ?? ingress?.hostname;
    },
  );
  return `http://${host.includes(":") ? `[${host}]` : host}`;
}

async function waitReady(
  pool: ImagePool,
  namespace: string,
  api: ClusterApi,
  signal: AbortSignal,
): Promise<void> {
  let why = { reason: "", final: false };
  let ready = false;
  await poll({ intervalMs, timeoutMs: readyTimeoutMs, signal }, async () => {
    const { items } = await api.getJson<V1PodList>(podPath(namespace));
    const pods = items.filter((pod) => selects(pool.workload.selector, pod.metadata?.labels));
    ready = notReady([pool.workload], pods).length === 0;
    why = whyNotReady(pods);
    return ready || why.final;
  });
  if (ready) return;
  throw new UserError(
    `a pod with image ${pool.letter}, ${pool.image}, does not become ready: ${why.reason}`,
    "give images of this API that the cluster can pull; the deployed one is apiImage in the stack outputs",
  );
}

/** The cluster's reason why the pods are not ready. @returns it, and `final` when waiting cannot help */
export function whyNotReady(pods: readonly V1Pod[]): { reason: string; final: boolean } {
  for (const { status } of pods) {
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    for (const { state, lastState } of statuses) {
      const { reason, message } = state?.waiting ?? {};
      if (!reason || !finalReasons.includes(reason)) continue;
      const ended = lastState?.terminated;
      const last = ended ? `; it ended with code ${ended.exitCode}` : "";
      return { reason: `${reason}${message ? `: ${message}` : ""}${last}`, final: true };
    }
    const unscheduled = status?.conditions?.find(
      (condition) => condition.type === "PodScheduled" && condition.status === "False",
    );
    if (unscheduled) return { reason: unscheduled.message ?? "it is not scheduled", final: false };
  }
  return {
    reason: pods.length === 0 ? "no pod was created" : "it does not respond to its probe",
    final: false,
  };
}

/** Waits until the Service forwards to the pod. A pod is ready earlier than that. */
async function waitReachable({ endpoint, letter }: ImagePool, signal: AbortSignal): Promise<void> {
  let outcome = "";
  const reached = await poll({ intervalMs, timeoutMs: reachableTimeoutMs, signal }, async () => {
    const timeout = AbortSignal.timeout(2000);
    const response = await fetch(`${endpoint}/livez`, { signal: timeout }).catch((error: Error) => error);
    outcome = response instanceof Response ? `HTTP ${response.status}` : String(response.cause ?? response);
    return response instanceof Response && response.ok;
  });
  if (reached) return;
  throw new UserError(
    `image ${letter} is ready, but ${endpoint} does not respond within ${reachableTimeoutMs / 1000} s: ${outcome}`,
    "see whether a firewall blocks its node port",
  );
}

async function removeAll(api: ClusterApi, namespace: string): Promise<void> {
  for (const path of [deploymentPath(namespace), servicePath(namespace)]) {
    const { items } = await api.getJson<{ items: V1Deployment[] }>(withLabels(path, { [managedBy]: owner }));
    for (const { metadata } of items) {
      await api
        .delete(`${path}/${metadata?.name}`, { propagationPolicy: "Background" })
        .catch((error: ApiError) => {
          if (error.status !== 404) throw error;
        });
    }
  }
}
