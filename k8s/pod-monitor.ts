import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type * as pulumi from "@pulumi/pulumi";

/**
 * Creates a PodMonitor, by which the Prometheus operator finds the pods' metrics. `checkClusterNeeds` has made sure that
 * the operator's CustomResourceDefinition is there.
 *
 * @param port name of the pods' port with the metrics
 */
export function createPodMonitor(
  name: string,
  {
    namespace,
    matchLabels,
    port,
    path = "/metrics",
  }: { namespace: string; matchLabels: Record<string, string>; port: string; path?: string },
  parent: pulumi.Resource,
): void {
  new CustomResource(
    `${name}-metrics`,
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata: { name, namespace },
      spec: { selector: { matchLabels }, podMetricsEndpoints: [{ port, path }] },
    },
    { parent },
  );
}
