import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import type * as pulumi from "@pulumi/pulumi";
import { apiEnvironment } from "../config/api-environment.ts";
import { apiGraceSeconds, type PoolPlan } from "../config/derive.ts";
import { heapSnapshotBytes } from "../config/memory.ts";
import { type ApiConfig, apiVolumes } from "../config/sections/api.ts";
import { MiB } from "../config/units.ts";
import type { Workload } from "../contract/outputs.ts";
import { quantity, resources } from "./resources.ts";
import { createDeployment, skipAwait } from "./workload.ts";

/** Port for requests. */
export const apiPort = 3000;
/** Port for probes, metrics and internal routes; Nginx never sends requests there. */
export const apiInternalPort = 9000;

/** One pool of API pods. */
export interface ApiPoolArgs {
  /** Name of the API: the label `app.kubernetes.io/name` of all pools' pods. */
  name: string;
  namespace: string;
  pool: PoolPlan;
  config: ApiConfig;
  /** Image of a pool that has none of its own. */
  image: string;
  /** Names of the Secrets that the image is pulled with. */
  pullSecrets: pulumi.Input<string>[];
  /** `host:port` of every Redis pod. */
  redisNodes: string[];
  /** Name of the Secret whose keys become environment variables. A new name replaces the pods. */
  secretName: pulumi.Input<string>;
}

/** Creates a pool's Deployment, and the headless Service whose DNS records Nginx follows. */
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
  const metadata = { name: pool.serviceName, namespace, annotations: skipAwait };
  const ports = [{ name: "http", port: apiPort }];
  const spec = { clusterIP: "None", selector: workload.selector, ports };
  new Service(pool.serviceName, { metadata, spec }, { parent });
  return workload;
}

/**
 * A ready pod gets traffic within a second, and no more traffic after two failed readiness probes. It is restarted only
 * after half a minute of failed liveness probes, because a busy event loop responds late.
 */
const probes = {
  startupProbe: { ...get("/readyz"), periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120 },
  readinessProbe: { ...get("/readyz"), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 },
  livenessProbe: { ...get("/livez"), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 6 },
};

function get(path: string) {
  return { httpGet: { path, port: "internal" } };
}

/** The pod's own volumes. They outlive a container, but not the pod. */
function volumes(config: ApiConfig) {
  const { memory, uploadVolume } = config;
  return [
    { name: "tmp", mountPath: apiVolumes.tmp, bytes: 64 * MiB },
    { name: "heap-snapshots", mountPath: apiVolumes["heap-snapshots"], bytes: heapSnapshotBytes(memory) },
    ...(uploadVolume === undefined
      ? []
      : [{ name: "uploads", mountPath: apiVolumes.uploads, bytes: uploadVolume }]),
  ];
}

function environment({ config, redisNodes }: ApiPoolArgs) {
  const deployment = {
    port: apiPort,
    internalPort: apiInternalPort,
    redisNodes,
    snapshotFolder: apiVolumes["heap-snapshots"],
    uploadFolder: apiVolumes.uploads,
  };
  return [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ...apiEnvironment({ ...config, ...deployment }),
  ];
}
