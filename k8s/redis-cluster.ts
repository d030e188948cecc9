import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import {
  redisGraceSeconds,
  redisHandoverSeconds,
  redisNodes,
  redisReplicas,
  serviceHost,
} from "../config/derive.ts";
import { redisMaxmemory } from "../config/memory.ts";
import { redisVolumes } from "../config/sections/redis.ts";
import type { Workload } from "../contract/outputs.ts";
import { controllerName } from "../contract/redis-controller.ts";
import { renderRedisConf } from "../redis/redis-conf.ts";
import { serverAnnotation } from "./live-stack.ts";
import { generatedPassword } from "./password.ts";
import { admitRedisPassword } from "./password-jobs.ts";
import { redisPort as port, redisBusPort } from "./ports.ts";
import { redisHandover, redisReady, redisRun } from "./programs.ts";
import { RedisController } from "./redis-controller.ts";
import { RedisFormation, type RedisFormationArgs } from "./redis-formation.ts";
import { resources } from "./resources.ts";
import { afterRollout } from "./rollout.ts";
import type { LiveSet, VolumePlan } from "./volume-plan.ts";
import { createDisruptionBudget, createStatefulSet, skipAwait } from "./workload.ts";

/** The Redis Cluster's settings, and the parts of its controller. */
export interface RedisClusterArgs
  extends Omit<RedisFormationArgs, "nodes" | "isShrinking" | "isPresent" | "setUid"> {
  image: string;
  /** Resource that the controller waits for: the API image. */
  apiImageReady: pulumi.Resource;
  storageClass?: string;
  volumes: VolumePlan;
  /** The StatefulSet that the cluster has and that stays; undefined when there is none. */
  live: LiveSet | undefined;
}

/** The pods of the Redis Cluster. */
export interface RedisNodes {
  workload: Workload;
  /** The StatefulSet, once the cluster is formed and all its pods are ready. */
  ready: pulumi.Output<pulumi.Resource>;
}

const memberProbe = (...condition: ["ready"] | ["start", mark: string, tries: string]) => ({
  exec: { command: ["sh", "-uc", redisReady, "redis-ready", ...condition] },
  timeoutSeconds: 5,
});
const handover = [
  ...["sh", "-uc", redisHandover, "redis-handover"],
  ...[port, redisHandoverSeconds.all, redisHandoverSeconds.attempt].map(String),
];
/** A restart would not bring a cluster back that is down. This bound is for a server that hangs when it starts. */
const maxFormationSeconds = 3600;

/**
 * Redis Cluster: shards × (1 + replicas per shard) pods with a volume each, the controller that forms and mends the cluster, and
 * a Job that waits for it. When there are to be fewer pods, the Job comes first, and the pods that leave are deleted when they
 * own nothing any more.
 *
 * Call `createNodes` once. Once the password has been rotated, the API comes before the nodes: they accept the new
 * password by a Job, and forget the old one when they get their new configuration.
 */
export class RedisCluster extends pulumi.ComponentResource {
  readonly password: pulumi.Output<string>;
  /** `host:port` of every pod. */
  readonly nodes: string[];
  /** Whether the API must come before the nodes. */
  readonly comesAfterApi: boolean;
  /** What the API waits for when it comes before the nodes. */
  readonly admission: pulumi.Resource[];
  readonly #leaving: string[];
  readonly #create: (dependsOn: pulumi.Input<pulumi.Resource>[]) => RedisNodes;

  constructor(name: string, args: RedisClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:RedisCluster", name, {}, opts);
    const { config, namespace } = args;
    this.password = generatedPassword(`${name}-password`, config.passwordVersion, { parent: this });
    this.nodes = redisNodes(redisReplicas(config), namespace, args.domain);
    this.#leaving = redisNodes(args.live?.replicas ?? 0, namespace, args.domain).slice(this.nodes.length);
    this.comesAfterApi = config.passwordVersion > 1;
    const secret = this.#createSecret(name, args);
    const password = this.#createPasswordSecret(name, args);
    this.admission = this.comesAfterApi ? [this.#admitPassword(name, args, password)] : [];
    const isShrinking = this.#leaving.length > 0;
    this.#create = (dependsOn) => {
      const controller = new RedisController(
        controllerName,
        { ...args, nodes: this.nodes, secretName: passwordSecretName(name) },
        { parent: this, dependsOn: [password, args.apiImageReady, ...this.admission, ...dependsOn] },
      );
      const form = (setUid: pulumi.Input<string>, ...dependsOn: pulumi.Input<pulumi.Resource>[]) =>
        new RedisFormation(
          `${name}-formation`,
          { ...args, nodes: this.nodes, isShrinking, isPresent: args.live !== undefined, setUid },
          { parent: this, dependsOn: [controller, controller.ready, ...dependsOn] },
        ).job;
      const before = isShrinking && args.live !== undefined ? form(args.live.uid) : undefined;
      const { statefulSet, workload } = this.#createStatefulSet(name, args, secret, [
        ...dependsOn,
        // Pods of a new stack need not wait for the API image.
        ...(args.live === undefined ? [] : [controller, controller.ready]),
        ...(before === undefined ? [] : [before]),
      ]);
      this.#createService(name, args, workload.selector);
      createDisruptionBudget(name, namespace, workload.selector, this);
      const target = { ...workload, namespace };
      // Pods are ready only in a formed cluster, so the Job that waits for it waits for less itself.
      const formation =
        before ?? form(statefulSet.metadata.uid, afterRollout(args.cluster, statefulSet, target, "running"));
      const ready = pulumi
        .all([formation.id, statefulSet.id])
        .apply(() => afterRollout(args.cluster, statefulSet, target, "ready"));
      this.registerOutputs({ nodes: this.nodes });
      return { workload, ready };
    };
  }

  /** Creates the pods and forms the cluster. */
  createNodes(...dependsOn: pulumi.Input<pulumi.Resource>[]): RedisNodes {
    return this.#create(dependsOn);
  }

  #admitPassword(name: string, args: RedisClusterArgs, secret: Secret): pulumi.Resource {
    return admitRedisPassword(
      `${name}-password`,
      {
        namespace: args.namespace,
        image: args.apiImage,
        pullSecrets: args.apiPullSecrets,
        pod: args.config.pod,
        password: this.password,
        secretName: passwordSecretName(name),
        nodes: [...this.nodes, ...this.#leaving],
      },
      { parent: this, dependsOn: [secret, args.apiImageReady] },
    );
  }

  /** The password for Jobs. Its name stays when redis.conf changes, so that they do not run again. */
  #createPasswordSecret(name: string, args: RedisClusterArgs): Secret {
    const metadata = { name: passwordSecretName(name), namespace: args.namespace };
    return new Secret(metadata.name, { metadata, stringData: { password: this.password } }, { parent: this });
  }

  #createSecret(name: string, args: RedisClusterArgs): Secret {
    const { config } = args;
    const conf = this.password.apply((password) =>
      renderRedisConf({
        maxmemoryBytes: redisMaxmemory(config.memory),
        password,
        server: config.server,
        nodeTimeoutMs: config.nodeTimeout,
        dataDir: redisVolumes.data,
        port,
      }),
    );
    // Pulumi names it by its content, so that new content replaces the pods.
    const metadata = { namespace: args.namespace };
    const stringData = { "redis.conf": conf, password: this.password };
    return new Secret(name, { metadata, stringData }, { parent: this });
  }

  #createService(name: string, args: RedisClusterArgs, selector: Record<string, string>): void {
    const metadata = { name, namespace: args.namespace, annotations: skipAwait };
    const ports = [
      { name: "redis", port },
      { name: "bus", port: redisBusPort },
    ];
    // Nodes must find each other before the cluster is formed, and so before they are ready.
    const spec = { clusterIP: "None", publishNotReadyAddresses: true, selector, ports };
    new Service(name, { metadata, spec }, { parent: this });
  }

  #createStatefulSet(
    name: string,
    args: RedisClusterArgs,
    secret: Secret,
    dependsOn: pulumi.Input<pulumi.Resource>[],
  ) {
    const { config, image, namespace, domain } = args;
    const host = `$(POD_NAME).${serviceHost(name, namespace, domain)}`;
    const password = {
      name: "REDISCLI_AUTH",
      valueFrom: { secretKeyRef: { name: secret.metadata.name, key: "password" } },
    };
    return createStatefulSet(
      {
        ...args,
        name,
        role: "redis",
        ownAnnotations: { [serverAnnotation]: config.server },
        replicas: redisReplicas(config),
        podManagementPolicy: "Parallel",
        // The data is a cache, so the volumes are deleted with the pods.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" },
        storage: config.storage,
        spec: {
          terminationGracePeriodSeconds: redisGraceSeconds,
          containers: [
            {
              name: "redis",
              image,
              command: [
                ...["sh", "-uc", redisRun, "redis-run", redisVolumes.data],
                ...[`${config.server}-server`, `${redisVolumes.conf}/redis.conf`],
                ...["--cluster-announce-hostname", host],
              ],
              env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }, password],
              ports: [
                { name: "redis", containerPort: port },
                { name: "bus", containerPort: redisBusPort },
              ],
              resources: resources(config),
              volumeMounts: [
                { name: args.volumes.templateName, mountPath: redisVolumes.data },
                { name: "conf", mountPath: redisVolumes.conf, readOnly: true },
              ],
              lifecycle: { preStop: { exec: { command: handover } } },
              // A pod starts when the cluster has it. An update then never stops two nodes of a shard at the same time.
              // A probe by exec takes 15 to 300 ms of CPU time, most of it in runc, so this one waits, and the others are rare.
              startupProbe: {
                ...memberProbe("start", `${redisVolumes.data}/starting`, "8"),
                periodSeconds: 1,
                failureThreshold: maxFormationSeconds,
              },
              readinessProbe: { ...memberProbe("ready"), periodSeconds: 20, failureThreshold: 2 },
              // Only this probe detects a server that does not respond.
              livenessProbe: {
                exec: { command: ["redis-cli", "-h", "127.0.0.1", "ping"] },
                periodSeconds: 60,
                timeoutSeconds: 5,
                failureThreshold: 2,
              },
            },
          ],
          volumes: [
            {
              name: "conf",
              secret: {
                secretName: secret.metadata.name,
                items: [{ key: "redis.conf", path: "redis.conf" }],
              },
            },
          ],
        },
      },
      this,
      dependsOn,
    );
  }
}

const passwordSecretName = (name: string): string => `${name}-password`;
