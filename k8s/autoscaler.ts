import { HorizontalPodAutoscaler } from "@pulumi/kubernetes/autoscaling/v2/horizontalPodAutoscaler.js";
import * as pulumi from "@pulumi/pulumi";
import type { AutoscalePlan } from "../config/derive.ts";
import { formatMillicpu } from "../config/units.ts";
import { type ClusterReader, pathOf, requestTimeoutMs, statusOf } from "./cluster-reader.ts";
import { type LiveStack, madeAnnotation } from "./live-stack.ts";
import { skipAwait } from "./workload.ts";

/** How an autoscaled Deployment goes on from what the cluster has. */
export interface ScalingStart {
  /** When the autoscaler was made: another time makes Pulumi make it again. */
  made: string;
  /** Whether the Deployment keeps the number of pods that it has: it exists, and with some. */
  keepsReplicas: boolean;
}

/**
 * How an autoscaled Deployment goes on. When autoscaling is off, it first deletes an autoscaler of an earlier update, but not in a
 * preview: Pulumi deletes it at the end of the update only, after it has changed the number of pods again.
 *
 * @throws {ApiError} when the API server refuses the deletion, or does not respond
 */
export async function beginScaling(
  cluster: Pick<ClusterReader, "delete">,
  namespace: string,
  name: string,
  isOn: boolean,
  { autoscalers, deployments }: Pick<LiveStack, "autoscalers" | "deployments">,
): Promise<ScalingStart> {
  const made = autoscalers.get(name);
  if (!isOn && made !== undefined && !pulumi.runtime.isDryRun())
    await cluster
      .delete(pathOf("horizontalpodautoscalers", namespace, name), {}, requestTimeoutMs)
      .catch((error: unknown) => {
        if (statusOf(error) !== 404) throw error;
      });
  return {
    made: made ?? new Date().toISOString(),
    keepsReplicas: isOn && (deployments.get(name)?.replicas ?? 0) > 0,
  };
}

/**
 * Creates the autoscaler of a Deployment of the same name. It compares the pods' average CPU time with a share of their limit, not of
 * their request, which may be far lower.
 */
export function createAutoscaler(
  name: string,
  namespace: string,
  { min, max, cpuMillicores, scaleDownAfter }: AutoscalePlan,
  { made }: ScalingStart,
  parent: pulumi.Resource,
): void {
  const target = { type: "AverageValue", averageValue: formatMillicpu(cpuMillicores) };
  new HorizontalPodAutoscaler(
    name,
    {
      metadata: { name, namespace, annotations: { ...skipAwait, [madeAnnotation]: made } },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
        minReplicas: min,
        maxReplicas: max,
        metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
        behavior: { scaleDown: { stabilizationWindowSeconds: Math.ceil(scaleDownAfter / 1000) } },
      },
    },
    {
      parent,
      deleteBeforeReplace: true,
      replaceOnChanges: [`metadata.annotations["${madeAnnotation}"]`],
    },
  );
}
