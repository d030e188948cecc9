import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { PodConfig } from "../config/sections/pod.ts";
import { type Bytes, MiB } from "../config/units.ts";
import { quantity } from "./resources.ts";
import { restrictedContainer, restrictedPod } from "./restricted.ts";

/** A container before podTemplate adds the settings that all containers share. */
export interface PodContainer
  extends Omit<
    types.input.core.v1.Container,
    "imagePullPolicy" | "securityContext" | "volumeMounts" | "resources"
  > {
  volumeMounts?: types.input.core.v1.VolumeMount[];
  resources: Resources;
}

/** CPU and memory of a container; podTemplate adds the disk. */
export interface Resources {
  requests: { cpu: string; memory: string };
  limits: { cpu: string; memory: string };
}

/** A pod before podTemplate adds the settings that all pods share. */
export interface PodSpec
  extends Omit<types.input.core.v1.PodSpec, "containers" | "initContainers" | "securityContext" | "volumes"> {
  containers: PodContainer[];
  initContainers?: PodContainer[];
  volumes?: PodVolume[];
}

/** A volume of a pod. An emptyDir has a size in bytes, which the pod's disk limit includes. */
export type PodVolume =
  | (Omit<types.input.core.v1.Volume, "emptyDir"> & { emptyDir?: undefined })
  | { name: string; emptyDir: { bytes: Bytes } };

/** Input of podTemplate. */
export interface PodArgs {
  /** Labels that the workload selects its pods by. */
  labels: Record<string, string>;
  /** Labels and annotations that stack config may replace. */
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, pulumi.Input<string>> };
  spec: PodSpec;
  /** The `pod` options of stack config. */
  patch?: Partial<PodConfig>;
  /** Names of further Secrets that the images are pulled with. */
  pullSecrets?: pulumi.Input<string>[];
  /** ID of the user and group of all processes. Default: the user of the kit's own images. */
  runAsUser?: number;
}

/** Builds a pod template that meets Pod Security "restricted" and has the additions of stack config. */
export function podTemplate(args: PodArgs): types.input.core.v1.PodTemplateSpec {
  const { labels, metadata = {}, spec, patch = {}, pullSecrets = [], runAsUser = 10001 } = args;
  const { volumes = [], imagePullSecrets = [] } = patch;
  const mounts = volumes.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true }));
  const container = (own: PodContainer, emptyDirs: Bytes): types.input.core.v1.Container => ({
    ...own,
    resources: withDisk(own.resources, emptyDirs),
    imagePullPolicy,
    securityContext: restrictedContainer,
    volumeMounts: unlessEmpty([...(own.volumeMounts ?? []), ...mounts]),
  });
  return {
    metadata: {
      labels: { ...metadata.labels, ...patch.labels, ...labels },
      annotations: unlessEmpty({ ...metadata.annotations, ...patch.annotations }),
    },
    spec: {
      // Only the Redis controller talks to the API server, and no program reads the variables that Kubernetes sets for each Service.
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: restrictedPod(runAsUser),
      nodeSelector: unlessEmpty(patch.nodeSelector),
      tolerations: unlessEmpty(patch.tolerations),
      priorityClassName: patch.priorityClassName,
      imagePullSecrets: unlessEmpty([...pullSecrets, ...imagePullSecrets].map((name) => ({ name }))),
      ...spec,
      initContainers: spec.initContainers?.map((own) => container(own, 0)),
      // The kubelet compares the volumes with the sum of the containers' limits.
      containers: spec.containers.map((own, index) => container(own, index === 0 ? emptyDirBytes(spec) : 0)),
      volumes: unlessEmpty([...(spec.volumes ?? []).map(sized), ...volumes.map(volume)]),
    },
  };
}

/**
 * Each start asks the registry for the tag's present image. Otherwise a node would run an older image of that name, and
 * a user who may create pods could run an image that they may not pull (docs/decisions.md#image-pull-policy).
 */
const imagePullPolicy = "Always";

/**
 * Disk of a container: its logs, since it can write nowhere else but to volumes. The kubelet keeps five files of 10 MiB by default,
 * but looks for full ones every 10 s only; a gateway that logs 10,000 requests a second writes 60 MB in that time.
 */
const disk = { request: 32 * MiB, limit: 512 * MiB };

function withDisk({ requests, limits }: Resources, emptyDirs: Bytes) {
  return {
    requests: { ...requests, "ephemeral-storage": quantity(disk.request) },
    limits: { ...limits, "ephemeral-storage": quantity(disk.limit + emptyDirs) },
  };
}

function emptyDirBytes({ volumes = [] }: PodSpec): Bytes {
  return volumes.reduce((sum, { emptyDir }) => sum + (emptyDir?.bytes ?? 0), 0);
}

function sized(own: PodVolume): types.input.core.v1.Volume {
  if (own.emptyDir === undefined) return own;
  return { name: own.name, emptyDir: { sizeLimit: quantity(own.emptyDir.bytes) } };
}

function volume({ name, secret, configMap, persistentVolumeClaim }: PodConfig["volumes"][number]) {
  if (secret !== undefined) return { name, secret: { secretName: secret } };
  if (configMap !== undefined) return { name, configMap: { name: configMap } };
  return { name, persistentVolumeClaim: { claimName: persistentVolumeClaim ?? "", readOnly: true } };
}

/** Leaves an empty field out of the template, so that an option that is not used changes no pod. */
function unlessEmpty<T extends object>(value: T | undefined): T | undefined {
  return value === undefined || Object.keys(value).length === 0 ? undefined : value;
}
