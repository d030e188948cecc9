import type { types } from "@pulumi/kubernetes";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { StatefulSet } from "@pulumi/kubernetes/apps/v1/statefulSet.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import type * as pulumi from "@pulumi/pulumi";
import type { ContainerConfig } from "../config/sections/container.ts";
import type { PodConfig } from "../config/sections/pod.ts";
import type { Bytes } from "../config/units.ts";
import type { Workload } from "../contract/outputs.ts";
import { type PodArgs, podTemplate } from "./pod.ts";
import { quantity } from "./resources.ts";

/** Equal pods under one name; createDeployment or createStatefulSet makes them. */
export interface WorkloadArgs extends Omit<PodArgs, "labels" | "patch"> {
  /** Name of the workload and the pods' label `app.kubernetes.io/instance`. */
  name: string;
  /** The pods' label `app.kubernetes.io/name`, which several workloads may share. Default: `name`. */
  app?: string;
  role: Workload["role"];
  namespace: string;
  replicas: number;
  /** The workload's section of stack config. */
  config: ContainerConfig & { pod: PodConfig };
  /** Spread the pods over the nodes as far as possible. Default: true. */
  spread?: boolean;
}

/** How a Deployment replaces its pods. */
export interface DeploymentArgs extends WorkloadArgs {
  /** Pods above `replicas` during an update, a count or a percentage. */
  maxSurge: number | string;
  minReadySeconds?: number;
}

/** What a StatefulSet has beyond its pods; its headless Service has the workload's name. */
export interface StatefulSetArgs
  extends WorkloadArgs,
    Pick<StatefulSetSpec, "podManagementPolicy" | "persistentVolumeClaimRetentionPolicy"> {
  /** Size of each pod's volume `data`. */
  storage: Bytes;
  /** Absent: the cluster's default class. */
  storageClass?: string;
}

type StatefulSetSpec = types.input.apps.v1.StatefulSetSpec;

/** Annotation of a resource that no later step waits for. */
export const skipAwait = { "pulumi.com/skipAwait": "true" };

/** Creates a Deployment that never has fewer ready pods than `replicas` during an update. */
export function createDeployment(args: DeploymentArgs, parent: pulumi.Resource): Workload {
  const { name, namespace, replicas, maxSurge, minReadySeconds } = args;
  const selector = selectorOf(args);
  new Deployment(
    name,
    {
      metadata: { name, namespace },
      spec: {
        replicas,
        revisionHistoryLimit: 3,
        minReadySeconds,
        selector: { matchLabels: selector },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge } },
        template: templateOf(args, selector),
      },
    },
    { parent },
  );
  return outputOf(args, "Deployment", selector);
}

/** Creates a StatefulSet whose pods have a volume each, mounted by the name `data`. */
export function createStatefulSet(args: StatefulSetArgs, parent: pulumi.Resource) {
  const { name, namespace, replicas, storage, storageClass } = args;
  const { podManagementPolicy, persistentVolumeClaimRetentionPolicy } = args;
  const selector = selectorOf(args);
  const statefulSet = new StatefulSet(
    name,
    {
      metadata: { name, namespace },
      spec: {
        serviceName: name,
        replicas,
        podManagementPolicy,
        persistentVolumeClaimRetentionPolicy,
        selector: { matchLabels: selector },
        template: templateOf(args, selector),
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: {
              accessModes: ["ReadWriteOnce"],
              storageClassName: storageClass,
              resources: { requests: { storage: quantity(storage) } },
            },
          },
        ],
      },
    },
    { parent },
  );
  return { statefulSet, workload: outputOf(args, "StatefulSet", selector) };
}

/** Creates a budget that lets voluntary disruptions take one of the selected pods at a time. */
export function createDisruptionBudget(
  name: string,
  namespace: string,
  matchLabels: Record<string, string>,
  parent: pulumi.Resource,
): void {
  const spec = { maxUnavailable: 1, selector: { matchLabels } };
  new PodDisruptionBudget(name, { metadata: { name, namespace }, spec }, { parent });
}

/** Labels that select exactly this workload's pods. */
function selectorOf({ name, app = name }: WorkloadArgs): Record<string, string> {
  return { "app.kubernetes.io/name": app, "app.kubernetes.io/instance": name };
}

function templateOf(args: WorkloadArgs, labels: Record<string, string>) {
  const { spec, config, spread = true } = args;
  const evenly = {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: labels },
  };
  return podTemplate({
    ...args,
    labels,
    patch: config.pod,
    spec: { topologySpreadConstraints: spread ? [evenly] : undefined, ...spec },
  });
}

function outputOf(args: WorkloadArgs, kind: Workload["kind"], selector: Record<string, string>): Workload {
  const { name, role, replicas, config } = args;
  return { name, kind, role, replicas, selector, memoryLimitBytes: config.memory };
}
