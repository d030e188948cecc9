import { ApiError, type ClusterApi } from "../../host/cluster-api.ts";

/** A Kubernetes object. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
  [field: string]: unknown;
}

/** Kinds of a stack's namespace, by the path of their API group. Secrets are not read. */
const kinds = [
  ["/api/v1", "services", "Service"],
  ["/api/v1", "configmaps", "ConfigMap"],
  ["/api/v1", "serviceaccounts", "ServiceAccount"],
  ["/apis/apps/v1", "deployments", "Deployment"],
  ["/apis/apps/v1", "statefulsets", "StatefulSet"],
  ["/apis/batch/v1", "jobs", "Job"],
  ["/apis/batch/v1", "cronjobs", "CronJob"],
  ["/apis/autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"],
  ["/apis/networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"],
  ["/apis/policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"],
  ["/apis/rbac.authorization.k8s.io/v1", "roles", "Role"],
  ["/apis/rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"],
] as const;
const notFound = 404;

/**
 * The objects of a namespace as somebody would write them: without status, and without what the API server notes in them. Objects
 * that others own are left out, as the Jobs of a CronJob.
 *
 * @throws {ApiError} when they cannot be read
 */
export async function liveObjects(api: ClusterApi, namespace: string): Promise<KubernetesObject[]> {
  const lists = kinds.map(async ([group, plural, kind]) => {
    const path = `${group}/namespaces/${namespace}/${plural}`;
    const { items } = await api
      .getJson<{ items: Omit<KubernetesObject, "apiVersion" | "kind">[] }>(path)
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === notFound) return { items: [] };
        throw error;
      });
    const apiVersion = group.replace(/^\/apis?\//, "");
    return items.map((item) => ({ ...item, apiVersion, kind }) as KubernetesObject);
  });
  return (await Promise.all(lists)).flat().filter(isOwn).map(asWritten);
}

/** Objects that the cluster itself puts into each namespace are no part of the stack. */
function isOwn({ kind, metadata }: KubernetesObject): boolean {
  if (kind === "ConfigMap" && metadata.name === "kube-root-ca.crt") return false;
  if (kind === "ServiceAccount" && metadata.name === "default") return false;
  return metadata.ownerReferences === undefined;
}

function asWritten({ status: _, ...object }: KubernetesObject): KubernetesObject {
  const { managedFields, uid, resourceVersion, generation, creationTimestamp, ...metadata } = object.metadata;
  return { ...object, metadata } as KubernetesObject;
}

/** The pods of Jobs and CronJobs as Pods with the names of these, for scanners that know only Pods and Deployments. */
export function podsOfJobs(objects: readonly KubernetesObject[]): KubernetesObject[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    const { template, jobTemplate } = (spec ?? {}) as {
      template?: Template;
      jobTemplate?: { spec: { template: Template } };
    };
    const pod = kind === "Job" ? template : kind === "CronJob" ? jobTemplate?.spec.template : undefined;
    if (pod === undefined) return [];
    const { name, namespace } = metadata;
    const labels = pod.metadata?.labels ?? {};
    return [
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, ...(namespace && { namespace }), labels },
        spec: pod.spec,
      },
    ];
  });
}

interface Template {
  metadata?: { labels?: Record<string, string> };
  spec: unknown;
}
