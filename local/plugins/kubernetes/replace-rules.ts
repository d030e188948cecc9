import type { PropertyPath } from "../protocol/values.ts";
import type { ResourceType } from "./resource-type.ts";

/** Leading members of paths whose change the API server refuses, or that running pods would not notice. */
const rules: Record<string, readonly string[]> = {
  "core/ConfigMap": ["data", "binaryData", "immutable"],
  "core/Secret": ["data", "stringData", "type", "immutable"],
  "core/Service": ["spec.clusterIP"],
  "core/PersistentVolumeClaim": [
    "spec.accessModes",
    "spec.storageClassName",
    "spec.selector",
    "spec.volumeName",
    "spec.volumeMode",
    "spec.dataSource",
  ],
  "core/Pod": ["spec"],
  "apps/Deployment": ["spec.selector"],
  "apps/DaemonSet": ["spec.selector"],
  "apps/ReplicaSet": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
    "spec.podManagementPolicy",
  ],
  "batch/Job": [
    "spec.template",
    "spec.selector",
    "spec.completions",
    "spec.parallelism",
    "spec.completionMode",
  ],
  "storage.k8s.io/StorageClass": ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
};

const always = ["kind", "metadata.name", "metadata.namespace"];

/** What the API server does change in a running pod's spec. */
const podMutable = /^spec\.((initContainers|containers)\.\d+\.image|activeDeadlineSeconds|tolerations)(\.|$)/;

/** Provider options that let data change in place. */
export interface MutableData {
  readonly configMaps: boolean;
  readonly secrets: boolean;
}

/** True when a change at `path` needs a new object. */
export function needsReplacement(type: ResourceType, path: PropertyPath, mutable: MutableData): boolean {
  const dotted = path.join(".");
  const isBelow = (prefix: string): boolean => dotted === prefix || dotted.startsWith(`${prefix}.`);
  if (always.some(isBelow)) return true;
  const group = type.apiVersion.includes("/") ? type.apiVersion.split("/")[0] : "core";
  const key = `${group}/${type.kind}`;
  if (key === "core/ConfigMap" && mutable.configMaps && !isBelow("immutable")) return false;
  if (key === "core/Secret" && mutable.secrets && !isBelow("immutable") && !isBelow("type")) return false;
  if (key === "core/Pod" && podMutable.test(dotted)) return false;
  return (rules[key] ?? []).some(isBelow);
}
