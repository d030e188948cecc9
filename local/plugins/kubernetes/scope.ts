import type { ApiClient } from "./api-client.ts";
import { isNotFound } from "./api-error.ts";
import type { ResourceType } from "./resource-type.ts";

/** The API groups that every cluster serves. */
const builtInGroups = new Set([
  "",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
]);

/** Kinds of these groups that lie in no namespace. */
const clusterScoped = new Set([
  "APIService",
  "CSIDriver",
  "CSINode",
  "CertificateSigningRequest",
  "ClusterRole",
  "ClusterRoleBinding",
  "ClusterTrustBundle",
  "ComponentStatus",
  "CustomResourceDefinition",
  "DeviceClass",
  "FlowSchema",
  "IPAddress",
  "IngressClass",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "PriorityLevelConfiguration",
  "ResourceSlice",
  "RuntimeClass",
  "SelfSubjectReview",
  "ServiceCIDR",
  "StorageClass",
  "StorageVersion",
  "TokenReview",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "VolumeAttachment",
  "VolumeAttributesClass",
]);

/**
 * Whether objects of this kind lie in a namespace. Only for custom resources is the cluster asked; undefined when it
 * does not know the kind yet.
 */
export async function isNamespaced(
  type: ResourceType,
  api: () => Promise<ApiClient>,
): Promise<boolean | undefined> {
  const group = type.apiVersion.includes("/") ? (type.apiVersion.split("/")[0] ?? "") : "";
  if (builtInGroups.has(group)) return !clusterScoped.has(type.kind);
  try {
    return (await (await api()).endpointOf(type)).namespaced;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
