import type { types } from "@pulumi/kubernetes";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { StatefulSet } from "@pulumi/kubernetes/apps/v1/statefulSet.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import * as pulumi from "@pulumi/pulumi";
import type { ContainerConfig } from "../config/sections/container.ts";
import type { PodConfig } from "../config/sections/pod.ts";
import type { Bytes } from "../config/units.ts";
import type { Workload } from "../contract/outputs.ts";
import { podLabels } from "./labels.ts";
import { madeAnnotation } from "./live-stack.ts";
import { type PodArgs, podTemplate } from "./pod.ts";
import { protectedAnnotation } from "./protected-database.ts";
import { quantity } from "./resources.ts";
import { awaitedHere } from "./rollout.ts";
import type { VolumePlan } from "./volume-plan.ts";

/** One workload of the stack: equal pods, which createDeployment or createStatefulSet creates. */
export interface WorkloadArgs extends Omit<PodArgs, "labels" | "metadata" | "patch"> {
  /** Name of the workload and the pods' label `app.kubernetes.io/instance`. */
  name: string;
  /** The pods' label `app.kubernetes.io/name`, which several workloads may share. Default: `name`. */
  app?: string;
  /** Role that the load test knows the workload by. */
  role: Workload["role"];
  namespace: string;
  replicas: number;
  /** The workload's section of stack config. */
  config: ContainerConfig & { pod: PodConfig };
  /** Annotations of the pods, which stack config may replace. */
  annotations?: Record<string, string>;
  /** Whether the scheduler spreads the pods over the nodes as far as possible. Default: true. */
  spread?: boolean;
}

/** A workload that is a Deployment. */
export interface DeploymentArgs extends WorkloadArgs {
  /** How many pods an update may add to `replicas`: a number or a percentage. */
  maxSurge: number | string;
  /** Seconds for which a new pod must be ready before the update continues. Default: 0. */
  minReadySeconds?: number;
  /** Whether `afterRollout` waits for the pods, and not Pulumi. Default: false. */
  awaitedHere?: boolean;
  /** An autoscaler adds up to this number of pods to `replicas`. */
  maxReplicas?: number;
  /** Whether the Deployment keeps the number of pods that the autoscaler has given it. */
  keepsReplicas?: boolean;
  /** Whether a Deployment that exists keeps its whole spec, because a release has not replaced it yet. */
  keepsSpec?: boolean;
}

/** A workload that is a StatefulSet. Its headless Service must have the workload's name. */
export interface StatefulSetArgs
  extends WorkloadArgs,
    Pick<StatefulSetSpec, "podManagementPolicy" | "persistentVolumeClaimRetentionPolicy"> {
  /** Size of each pod's volume. */
  storage: Bytes;
  /** Name of the volumes, and whether the StatefulSet exists and keeps its template of them. */
  volumes: Pick<VolumePlan, "templateName" | "keepsTemplate" | "isReplaced" | "isPresent" | "made">;
  /** Annotations of the StatefulSet itself. */
  ownAnnotations?: Record<string, string>;
  /** Whether Pulumi refuses to delete or replace the StatefulSet. Default: false. */
  protect?: boolean;
  /** Storage class of new volumes. Default: the cluster's default class. */
  storageClass?: string;
}

type StatefulSetSpec = types.input.apps.v1.StatefulSetSpec;

/** Annotation of a Deployment whose number of pods an autoscaler chooses. */
const autoscaledAnnotation = "breakwater.dev/autoscaled";

/** Annotation for resources that Pulumi need not wait for. */
export const skipAwait = { "pulumi.com/skipAwait": "true" };

/** Creates a Deployment. During an update it keeps at least `replicas` pods ready. */
export function createDeployment(args: DeploymentArgs, parent: pulumi.Resource) {
  const { name, namespace, replicas, maxSurge, minReadySeconds, maxReplicas, keepsReplicas = false } = args;
  const selector = selectorLabels(args.app ?? name, name);
  const annotations = {
    ...(args.awaitedHere && awaitedHere),
    // Without a change of its own, a Deployment that is no longer autoscaled would keep the autoscaler's number.
    ...(maxReplicas !== undefined && { [autoscaledAnnotation]: "true" }),
  };
  const deployment = new Deployment(
    name,
    {
      metadata: {
        name,
        namespace,
        labels: selector,
        annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
      },
      spec: {
        replicas,
        revisionHistoryLimit: 3,
        minReadySeconds,
        selector: { matchLabels: selector },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge } },
        template: templateOf(args, selector),
      },
    },
    { parent, ignoreChanges: args.keepsSpec ? ["spec"] : keepsReplicas ? ["spec.replicas"] : [] },
  );
  const workload = outputOf(args, "Deployment", selector);
  return { deployment, workload: maxReplicas === undefined ? workload : { ...workload, maxReplicas } };
}

/** Creates a StatefulSet. Each of its pods gets a volume of its own. Pulumi does not wait for them: see `afterRollout`. */
export function createStatefulSet(
  args: StatefulSetArgs,
  parent: pulumi.Resource,
  dependsOn: pulumi.Input<pulumi.Resource>[] = [],
) {
  const { name, namespace, replicas, storage, storageClass, volumes } = args;
  const { podManagementPolicy, persistentVolumeClaimRetentionPolicy } = args;
  const selector = selectorLabels(args.app ?? name, name);
  const made = volumes.isPresent && !volumes.isReplaced ? volumes.made : new Date().toISOString();
  const annotations = {
    ...awaitedHere,
    ...args.ownAnnotations,
    ...(made !== undefined && { [madeAnnotation]: made }),
    ...(args.protect && { [protectedAnnotation]: "true" }),
  };
  // In a preview, the API server refuses a replacement beside the present object, which is not deleted then.
  const objectName = volumes.isReplaced && pulumi.runtime.isDryRun() ? `${name}-next` : name;
  const statefulSet = new StatefulSet(
    name,
    {
      metadata: { name: objectName, namespace, labels: selector, annotations },
      spec: {
        serviceName: name,
        replicas,
        podManagementPolicy,
        persistentVolumeClaimRetentionPolicy,
        selector: { matchLabels: selector },
        template: templateOf(args, selector),
        volumeClaimTemplates: [
          {
            metadata: { name: volumes.templateName },
            spec: {
              accessModes: ["ReadWriteOnce"],
              storageClassName: storageClass,
              resources: { requests: { storage: quantity(storage) } },
            },
          },
        ],
      },
    },
    {
      parent,
      protect: args.protect ?? false,
      dependsOn,
      // The template cannot be changed. Claims grow by themselves (docs/decisions.md#growing-volumes).
      deleteBeforeReplace: true,
      replaceOnChanges: [`metadata.annotations["${madeAnnotation}"]`],
      ignoreChanges: volumes.keepsTemplate ? ["spec.volumeClaimTemplates"] : [],
    },
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

/** Labels that select the pods of all workloads of an app, or only those of one workload. */
export function selectorLabels(app: string, workload?: string): Record<string, string> {
  const labels: Record<string, string> = { "app.kubernetes.io/name": app };
  if (workload !== undefined) labels["app.kubernetes.io/instance"] = workload;
  return labels;
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
    metadata: { labels: podLabels(args.role), annotations: args.annotations },
    patch: config.pod,
    spec: { topologySpreadConstraints: spread ? [evenly] : undefined, ...spec },
  });
}

function outputOf(args: WorkloadArgs, kind: Workload["kind"], selector: Record<string, string>): Workload {
  const { name, role, replicas, config } = args;
  return { name, kind, role, replicas, selector, memoryLimitBytes: config.memory };
}
