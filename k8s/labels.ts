import * as pulumi from "@pulumi/pulumi";
import { labelValueOf } from "../config/stack-names.ts";
import type { Workload } from "../contract/outputs.ts";

/** Part of the stack that an object belongs to: the name that its objects share, and what it is for. */
export interface Part {
  name: string;
  component: string;
}

/** The part of each role of workloads. */
export const parts: Readonly<Record<Workload["role"], Part>> = {
  api: { name: "api", component: "api" },
  nginx: { name: "nginx", component: "gateway" },
  redis: { name: "redis", component: "cache" },
  database: { name: "database", component: "database" },
};

/**
 * Kubernetes' recommended labels that pods have beside those that select them. They never change, because a changed label
 * replaces every pod (docs/decisions.md#recommended-labels).
 */
export function podLabels(role: Workload["role"]): Record<string, string> {
  return {
    "app.kubernetes.io/component": parts[role].component,
    "app.kubernetes.io/part-of": labelValueOf(pulumi.getProject()),
    "app.kubernetes.io/managed-by": "pulumi",
  };
}

/**
 * Transformation that gives an object, and the objects below a component, Kubernetes' recommended labels. Labels of the
 * object's own win, for example the ones that select a workload's pods.
 *
 * @param version version of the program; only objects have it, not pods
 */
export function recommendedLabels(part: Part, version: string): pulumi.ResourceTransformation {
  const labels = {
    "app.kubernetes.io/name": part.name,
    "app.kubernetes.io/instance": part.name,
    "app.kubernetes.io/component": part.component,
    "app.kubernetes.io/part-of": labelValueOf(pulumi.getProject()),
    "app.kubernetes.io/managed-by": "pulumi",
    // A label may not have the "+" of a version's build part.
    "app.kubernetes.io/version": version.replaceAll("+", "-"),
  };
  return ({ type, props, opts }) => {
    if (!type.startsWith("kubernetes:") || props.metadata === undefined) return undefined;
    const metadata = pulumi
      .output(props.metadata)
      .apply((given) => ({ ...given, labels: { ...labels, ...given.labels } }));
    return { props: { ...props, metadata }, opts };
  };
}
