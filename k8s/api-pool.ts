import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import type * as pulumi from "@pulumi/pulumi";
import { apiEnvironment } from "../config/api-environment.ts";
import { apiGraceSeconds } from "../config/derive.ts";
import { surgeShare } from "../config/gateway-memory.ts";
import { heapSnapshotBytes } from "../config/memory.ts";
import type { ReleasedPoolPlan } from "../config/release-pools.ts";
import { type ApiConfig, apiVolumes } from "../config/sections/api.ts";
import { MiB, type Milliseconds } from "../config/units.ts";
import { expectations } from "./api-expectations.ts";
import { createAutoscaler, type ScalingStart } from "./autoscaler.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { passwordsVolume } from "./passwords-in-use.ts";
import { apiInternalPort } from "./ports.ts";
import { resources } from "./resources.ts";
import { afterRollout } from "./rollout.ts";
import { createDeployment, skipAwait } from "./workload.ts";

/** One pool of API pods. */
export interface ApiPoolArgs {
  /** Name of the API: the label `app.kubernetes.io/name` of all pools' pods. */
  name: string;
  namespace: string;
  cluster: ClusterReader;
  pool: ReleasedPoolPlan;
  config: ApiConfig;
  /** Time for which DNS may return the addresses of pods that are gone, and not those of new pods. */
  dnsCacheMs: Milliseconds;
  /** How an autoscaled pool goes on. */
  scaling: ScalingStart;
  /** Image of a pool that has none of its own. */
  image: string;
  /** Names of the Secrets that the image is pulled with. */
  pullSecrets: pulumi.Input<string>[];
  /** Certificates in PEM form for the connections to the database. */
  databaseCa?: string;
  /** Connections of each pod to the database; absent: there is none. */
  databasePoolSize?: number;
  /** Whether the stack has a database of its own, whose password it rotates. */
  hasOwnDatabase: boolean;
  /** Number of the database's volume. The API makes its tables when it starts, so another volume needs new pods. */
  volumeGeneration?: number;
  /** `host:port` of every Redis pod. */
  redisNodes: string[];
  /** Name of the Secret whose keys become environment variables. A new name replaces the pods. */
  secretName: pulumi.Input<string>;
}

/**
 * Creates a pool's Deployment, and the headless Service whose DNS records Nginx follows.
 *
 * @returns also the Deployment, once its pods are ready
 */
export function createApiPool(args: ApiPoolArgs, parent: pulumi.Resource) {
  const { name, namespace, pool, dnsCacheMs } = args;
  const config = { ...args.config, shutdownDelay: args.config.shutdownDelay + dnsCacheMs };
  const expected = expectations(config);
  const hasDatabase = args.databasePoolSize !== undefined;
  const { deployment, workload } = createDeployment(
    {
      ...args,
      name: pool.name,
      app: name,
      role: "api",
      replicas: pool.autoscale?.min ?? pool.replicas,
      ...(pool.autoscale && { maxReplicas: pool.autoscale.max, keepsReplicas: args.scaling.keepsReplicas }),
      annotations: {
        ...expected.metrics,
        ...(hasDatabase &&
          (args.volumeGeneration ?? 1) > 1 && {
            "breakwater.dev/database-volume": String(args.volumeGeneration),
          }),
      },
      minReadySeconds: Math.ceil(dnsCacheMs / 1000) || undefined,
      ...(pool.keepsSpec && { keepsSpec: true }),
      maxSurge: `${surgeShare * 100}%`,
      awaitedHere: true,
      spec: {
        terminationGracePeriodSeconds: apiGraceSeconds(config),
        containers: [
          {
            name: "api",
            image: pool.image ?? args.image,
            env: environment({ ...args, config }),
            envFrom: [{ secretRef: { name: args.secretName } }],
            ports: expected.ports,
            resources: resources(config),
            volumeMounts: [
              ...volumes(config).map(({ name, mountPath }) => ({ name, mountPath })),
              { name: "passwords", mountPath: apiVolumes.passwords, readOnly: true },
            ],
            ...expected.container,
          },
        ],
        volumes: [
          ...volumes(config).map(({ name, bytes }) => ({
            name,
            emptyDir: { bytes },
          })),
          passwordsVolume("passwords", [...(hasDatabase ? ["database" as const] : []), "internal-token"]),
        ],
      },
    },
    parent,
  );
  if (pool.autoscale !== undefined)
    createAutoscaler(pool.name, namespace, pool.autoscale, args.scaling, parent);
  const metadata = {
    name: pool.serviceName,
    namespace,
    labels: workload.selector,
    annotations: skipAwait,
  };
  const ports = [{ name: "http", port: config.contract.port }];
  const spec = { clusterIP: "None", selector: workload.selector, ports };
  new Service(pool.serviceName, { metadata, spec }, { parent });
  // A canary that leaves may be the one that never becomes ready.
  const isLeaving = pool.isCanary && pool.keepsSpec;
  const ready = isLeaving
    ? (deployment.id.apply(() => deployment) as pulumi.Output<pulumi.Resource>)
    : afterRollout(args.cluster, deployment, { ...workload, namespace }, "ready");
  return { workload, ready };
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

function environment({ config, redisNodes, databasePoolSize, databaseCa, hasOwnDatabase }: ApiPoolArgs) {
  const deployment = {
    databasePoolSize,
    databaseCa,
    port: config.contract.port,
    internalPort: apiInternalPort,
    redisNodes,
    snapshotFolder: apiVolumes["heap-snapshots"],
    uploadFolder: apiVolumes.uploads,
    passwordFiles: {
      DATABASE_PASSWORD_FILE: hasOwnDatabase ? `${apiVolumes.passwords}/database` : undefined,
      INTERNAL_TOKEN_FILE: `${apiVolumes.passwords}/internal-token`,
    },
  };
  return [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ...apiEnvironment({ ...config, ...deployment }),
  ];
}
