/** What the program uses of the cluster beside its resources. `ClusterApi` of host/ is one. */
export interface ClusterReader {
  /** GETs a path. Rejects with an error that has the HTTP `status`, 0 without a response. */
  getJson<T>(path: string, timeoutMs?: number): Promise<T>;
  /** GETs a path whose response is not JSON. Rejects likewise. */
  getText(path: string, timeoutMs?: number): Promise<string>;
  /** Merges fields into an object; with `dryRun`, the API server only checks the change. */
  patch(path: string, patch: object, timeoutMs?: number, dryRun?: boolean): Promise<void>;
  delete(path: string, options?: object, timeoutMs?: number): Promise<void>;
}

/** Time limit of one request. The API server of a busy machine may be slow. */
export const requestTimeoutMs = 15_000;

/** Path of a kind of objects in a namespace, or of one of them. */
export function pathOf(
  kind:
    | "pods"
    | "configmaps"
    | "secrets"
    | "services"
    | "persistentvolumeclaims"
    | "statefulsets"
    | "deployments"
    | "replicasets"
    | "events"
    | "jobs"
    | "horizontalpodautoscalers",
  namespace: string,
  name?: string,
): string {
  const apps = "/apis/apps/v1";
  const groups: Record<string, string> = {
    statefulsets: apps,
    deployments: apps,
    replicasets: apps,
    jobs: "/apis/batch/v1",
    horizontalpodautoscalers: "/apis/autoscaling/v2",
  };
  const all = `${groups[kind] ?? "/api/v1"}/namespaces/${namespace}/${kind}`;
  return name === undefined ? all : `${all}/${name}`;
}

/** HTTP status of a rejected request; 0 for every other error. */
export function statusOf(error: unknown): number {
  return (error as { status?: number }).status ?? 0;
}

/** Statuses of the API server for an object that is missing, or that the deployer may not read. */
const unreadable = [401, 403, 404];

/**
 * Value of an annotation; undefined when the object has none, does not exist, or may not be read.
 *
 * @throws {ApiError} when the API server fails or does not respond.
 */
export async function readAnnotation(
  cluster: Pick<ClusterReader, "getJson">,
  path: string,
  annotation: string,
): Promise<string | undefined> {
  interface Found {
    metadata: { annotations?: Record<string, string> };
  }
  try {
    const { metadata } = await cluster.getJson<Found>(path, requestTimeoutMs);
    return metadata.annotations?.[annotation];
  } catch (error) {
    if (unreadable.includes(statusOf(error))) return undefined;
    throw error;
  }
}
