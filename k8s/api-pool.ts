import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import type * as pulumi from "@pulumi/pulumi";
import { apiEnvironment } from "../config/api-environment.ts";
import { apiGraceSeconds, type PoolPlan } from "../config/derive.ts";
import { heapSnapshotBytes } from "../config/memory.ts";
import type { ApiConfig } from "../config/sections/api.ts";
import { stackVolumes } from "../config/sections/pod.ts";
import { MiB } from "../config/units.ts";
import type { Workload } from "../contract/outputs.ts";
import { quantity, resources } from "./resources.ts";
import { createDeployment, skipAwait } from "./workload.ts";

/** Port for requests. */
export const apiPort = 3000;
/** Port for probes and metrics; Nginx does not know it. */
export const apiInternalPort = 9000;

const folders = stackVolumes.api;

/** One pool and what its pods are given. */
export interface ApiPoolArgs {
  /** The API's own, which every pool's pods carry as `app.kubernetes.io/name`. */
  name: string;
  namespace: string;
  pool: PoolPlan;
  config: ApiConfig;
  image: string;
  pullSecrets: pulumi.Input<string>[];
  redisNodes: string[];
  /** Whose keys become environment variables. Its name changes with its content, and that rolls the pods. */
  secretName: pulumi.Input<string>;
}

/** Creates a pool's Deployment, and the headless Service by which Nginx finds its pods. */
export function createApiPool(args: ApiPoolArgs, parent: pulumi.Resource): Workload {
  const { name, namespace, pool, config } = args;
  const workload = createDeployment(
    {
      ...args,
      name: pool.name,
      app: name,
      role: "api",
      replicas: pool.replicas,
      maxSurge: "34%",
      spec: {
        terminationGracePeriodSeconds: apiGraceSeconds(config),
        containers: [
          {
            name: "api",
            image: pool.image ?? args.image,
            env: environment(args),
            envFrom: [{ secretRef: { name: args.secretName } }],
            ports: [
              { name: "http", containerPort: apiPort },
              { name: "internal", containerPort: apiInternalPort },
            ],
            resources: resources(config),
            volumeMounts: volumes(config).map(({ name, mountPath }) => ({ name, mountPath })),
            ...probes,
          },
        ],
        volumes: volumes(config).map(({ name, bytes }) => ({
          name,
          emptyDir: { sizeLimit: quantity(bytes) },
        })),
      },
    },
    parent,
  );
  new Service(
    pool.serviceName,
    {
      metadata: { name: pool.serviceName, namespace, annotations: skipAwait },
      spec: { clusterIP: "None", selector: workload.selector, ports: [{ name: "http", port: apiPort }] },
    },
    { parent },
  );
  return workload;
}

/**
 * A pod is in traffic within a second of being ready and out of it after two bad answers; it is killed only after half
 * a minute without any, since a busy event loop answers late.
 */
const probes = {
  startupProbe: {
    httpGet: { path: "/readyz", port: "internal" },
    periodSeconds: 1,
    timeoutSeconds: 2,
    failureThreshold: 120,
  },
  readinessProbe: {
    httpGet: { path: "/readyz", port: "internal" },
    periodSeconds: 2,
    timeoutSeconds: 2,
    failureThreshold: 2,
  },
  livenessProbe: {
    httpGet: { path: "/livez", port: "internal" },
    periodSeconds: 5,
    timeoutSeconds: 3,
    failureThreshold: 6,
  },
};

/** Room on disk that outlives a container, but not its pod. */
function volumes(config: ApiConfig) {
  const { memory, uploadVolume } = config;
  return [
    { name: "tmp", mountPath: folders.tmp, bytes: 64 * MiB },
    { name: "heap-snapshots", mountPath: folders["heap-snapshots"], bytes: heapSnapshotBytes(memory) },
    ...(uploadVolume === undefined
      ? []
      : [{ name: "uploads", mountPath: folders.uploads, bytes: uploadVolume }]),
  ];
}

function environment({ config, redisNodes }: ApiPoolArgs) {
  const deployment = {
    port: apiPort,
    internalPort: apiInternalPort,
    redisNodes,
    snapshotFolder: folders["heap-snapshots"],
    uploadFolder: folders.uploads,
  };
  return [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ...apiEnvironment({ ...config, ...deployment }),
  ];
}
