/** What a type token stands for in the Kubernetes API. */
export interface ResourceType {
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
}

const instead: Record<string, string> = {
  helm: "render the chart with `helm template` and declare its objects",
  "helm.sh": "render the chart with `helm template` and declare its objects",
  yaml: "declare the objects with their own resource classes",
  kustomize: "declare the objects with their own resource classes",
};

/**
 * Reads a type token: `kubernetes:apps/v1:Deployment`, `kubernetes:core/v1:Secret`, or a custom resource's
 * `kubernetes:example.com/v1:Thing`.
 *
 * @throws {Error} for what this plugin does not serve: helm, yaml, kustomize, lists and patches.
 */
export function parseResourceType(token: string): ResourceType {
  const [pkg, groupVersion = "", kind = ""] = token.split(":");
  const [group = "", version = ""] = groupVersion.split("/");
  if (pkg !== "kubernetes" || kind === "") throw new Error(`${token} is not a Kubernetes resource type`);
  if (instead[group]) {
    throw new Error(`${token} is not supported by the embedded kubernetes plugin: ${instead[group]}`);
  }
  // A custom resource of core/v1 has the token kubernetes:v1:Kind.
  const apiVersion = group === "core" ? version : groupVersion;
  if (!/(^|\/)v\d\w*$/.test(apiVersion)) throw new Error(`${token} names no API version such as apps/v1`);
  const builtIn = !group.includes(".") || group.endsWith(".k8s.io");
  if (builtIn && kind.endsWith("List")) {
    throw new Error(
      `${token} is not supported by the embedded kubernetes plugin: declare each object of the list by itself`,
    );
  }
  if (kind.endsWith("Patch")) {
    throw new Error(
      `${token} is not supported by the embedded kubernetes plugin: import the object instead of patching it`,
    );
  }
  return { apiVersion, kind };
}
