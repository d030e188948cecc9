import type { Bytes } from "../config/units.ts";
import { type ClusterReader, pathOf, requestTimeoutMs, statusOf } from "./cluster-reader.ts";
import type { UsedPort } from "./node-port.ts";
import type { LiveClaim, LiveSet } from "./volume-plan.ts";

/**
 * Annotation of a StatefulSet: when it was made. A StatefulSet that the cluster has lost gets another value, so that
 * Pulumi makes it again; by its state alone it would not.
 */
export const madeAnnotation = "breakwater.dev/made";

/** Annotation of Redis' StatefulSet: its server. One without the annotation runs Redis. */
export const serverAnnotation = "breakwater.dev/redis-server";

/**
 * Annotation of Redis' StatefulSet: how its nodes got their users. `first`: with their first start. `admitted`: by a Job, as the nodes of
 * one without the annotation, which an earlier version made.
 */
export const usersAnnotation = "breakwater.dev/redis-users";
/** Value of `usersAnnotation`. */
export type RedisUsersOrigin = "first" | "admitted";

/** What the cluster has of a stack that stack config must fit. */
export interface LiveStack {
  /** StatefulSets of the namespace, by name. */
  sets: ReadonlyMap<string, LiveSet>;
  claims: LiveClaim[];
  /** Names of the Jobs that form the Redis Cluster. More than one: an update was interrupted. */
  formationJobs: string[];
  /** Ports of the nodes that the Services of all namespaces have. */
  usedPorts: UsedPort[];
  /** Deployments of the namespace, by name. */
  deployments: ReadonlyMap<string, LiveDeployment>;
  /** When the autoscalers of the namespace were made, by name; undefined: not by this program. */
  autoscalers: ReadonlyMap<string, string | undefined>;
}

/** What the cluster has of a Deployment. */
export interface LiveDeployment {
  replicas: number;
  /** Images of its containers. */
  images: string[];
}

interface List<Item> {
  items: Item[];
}

interface Metadata {
  name: string;
  namespace: string;
  uid: string;
  annotations?: Record<string, string>;
}

interface ClaimSpec {
  storageClassName?: string;
  resources?: { requests?: { storage?: string } };
}

interface StatefulSetObject {
  metadata: Metadata;
  spec: { replicas?: number; volumeClaimTemplates?: { metadata: { name: string }; spec: ClaimSpec }[] };
}

interface ClaimObject {
  metadata: Metadata;
  spec: ClaimSpec;
  status?: { capacity?: { storage?: string }; conditions?: { type: string }[] };
}

interface DeploymentObject {
  metadata: Metadata;
  spec: { replicas?: number; template?: { spec: { containers: { image: string }[] } } };
}

interface ServiceObject {
  metadata: Metadata;
  spec: { ports?: { name?: string; nodePort?: number }[]; healthCheckNodePort?: number };
}

/**
 * Reads it. Ports are unknown when the deployer may not list the Services of all namespaces. Deployments and autoscalers that the
 * deployer may not list count as missing.
 *
 * @throws {Error} with an HTTP `status` when the API server refuses or does not respond.
 */
export async function readLiveStack(cluster: ClusterReader, namespace: string): Promise<LiveStack> {
  const listIfAllowed = <Item>(path: string) =>
    cluster.getJson<List<Item>>(path, requestTimeoutMs).catch((error: unknown): List<Item> => {
      if (![401, 403].includes(statusOf(error))) throw error;
      return { items: [] };
    });
  const [sets, claims, jobs, services, deployments, autoscalers] = await Promise.all([
    cluster.getJson<List<StatefulSetObject>>(pathOf("statefulsets", namespace), requestTimeoutMs),
    readClaims(cluster, namespace),
    cluster.getJson<List<{ metadata: Metadata }>>(pathOf("jobs", namespace), requestTimeoutMs),
    listIfAllowed<ServiceObject>("/api/v1/services"),
    listIfAllowed<DeploymentObject>(pathOf("deployments", namespace)),
    listIfAllowed<{ metadata: Metadata }>(pathOf("horizontalpodautoscalers", namespace)),
  ]);
  const live = new Map<string, LiveSet>();
  for (const set of sets.items) {
    const [template] = set.spec.volumeClaimTemplates ?? [];
    if (template === undefined) continue;
    const { name } = set.metadata;
    live.set(name, {
      templateName: template.metadata.name,
      templateStorage: parseStorage(template.spec.resources?.requests?.storage),
      storageClass: template.spec.storageClassName,
      made: set.metadata.annotations?.[madeAnnotation],
      server: set.metadata.annotations?.[serverAnnotation],
      users: set.metadata.annotations?.[usersAnnotation],
      replicas: set.spec.replicas ?? 1,
      uid: set.metadata.uid,
    });
  }
  const formationJobs = jobs.items
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith("redis-formation-"));
  return {
    sets: live,
    claims,
    formationJobs,
    usedPorts: services.items.flatMap(portsOf),
    deployments: new Map(
      deployments.items.map(({ metadata: { name }, spec: { replicas = 1, template } }) => [
        name,
        { replicas, images: (template?.spec.containers ?? []).map(({ image }) => image) },
      ]),
    ),
    autoscalers: new Map(
      autoscalers.items.map(({ metadata: { name, annotations } }) => [name, annotations?.[madeAnnotation]]),
    ),
  };
}

/** The claims of a namespace. @throws {Error} see `readLiveStack`. */
export async function readClaims(cluster: ClusterReader, namespace: string): Promise<LiveClaim[]> {
  const { items } = await cluster.getJson<List<ClaimObject>>(
    pathOf("persistentvolumeclaims", namespace),
    requestTimeoutMs,
  );
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    requested: parseStorage(spec.resources?.requests?.storage),
    capacity: status?.capacity?.storage === undefined ? undefined : parseStorage(status.capacity.storage),
    storageClass: spec.storageClassName,
    growsAtNextMount: (status?.conditions ?? []).some(({ type }) => type === "FileSystemResizePending"),
  }));
}

function portsOf({ metadata, spec }: ServiceObject): UsedPort[] {
  const ports = [...(spec.ports ?? []), { name: undefined, nodePort: spec.healthCheckNodePort }];
  return ports.flatMap(({ name, nodePort: port }) =>
    port ? [{ port, namespace: metadata.namespace, service: metadata.name, name }] : [],
  );
}

const suffixes: Readonly<Record<string, number>> = {
  "": 1,
  ...Object.fromEntries(["k", "M", "G", "T", "P", "E"].map((suffix, index) => [suffix, 1000 ** (index + 1)])),
  ...Object.fromEntries(
    ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, index) => [suffix, 1024 ** (index + 1)]),
  ),
};

/** Bytes of a size as Kubernetes writes it: `256Mi`, `1G`, `1e9`. Rounded up, as Kubernetes does. @throws {SyntaxError} */
export function parseStorage(text = "0"): Bytes {
  const [, number, suffix = ""] = /^(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)([A-Za-z]{0,2})$/.exec(text) ?? [];
  const factor = suffixes[suffix];
  if (number === undefined || factor === undefined)
    throw new SyntaxError(`not a size of Kubernetes: ${text}`);
  return Math.ceil(Number(number) * factor);
}
