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
import { type RedisUser, redisUsersSecret } from "../contract/redis-users.ts";
import { renderRedisConf } from "../redis/redis-conf.ts";
import { type RedisUsersOrigin, serverAnnotation, usersAnnotation } from "./live-stack.ts";
import { admitRedisUsers, type RedisUsersJobArgs, usersKey } from "./password-jobs.ts";
import { passwordsVolume } from "./passwords-in-use.ts";
import { redisPort as port, redisBusPort } from "./ports.ts";
import { redisHandover, redisReady, redisRun } from "./programs.ts";
import { RedisController } from "./redis-controller.ts";
import { RedisFormation, type RedisFormationArgs } from "./redis-formation.ts";
import { type GeneratedUsers, generateUsers } from "./redis-users.ts";
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
  /** How the nodes get their users. */
  usersOrigin: RedisUsersOrigin;
  /** Whether the API is one that the stack knows nothing about. */
  isOwnApi: boolean;
}

/** The pods of the Redis Cluster. */
export interface RedisNodes {
  workload: Workload;
  /** The StatefulSet, once the cluster is formed and all its pods are ready. */
  ready: pulumi.Output<pulumi.Resource>;
}

const podUser: RedisUser = "pod";
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
 * Call `createNodes` once. Once the passwords have been rotated, and on stacks of versions without users, the API comes before
 * the nodes: they accept the new passwords by a Job, and the old ones until another Job ends that (`settleRedisUsers`).
 */
export class RedisCluster extends pulumi.ComponentResource {
  readonly users: GeneratedUsers;
  /** `host:port` of every pod. */
  readonly nodes: string[];
  /** Whether the API must come before the nodes. */
  readonly comesAfterApi: boolean;
  /** What the API waits for when it comes before the nodes. */
  readonly admission: pulumi.Resource[];
  /** For the Jobs that give the nodes their users. */
  readonly usersJob: RedisUsersJobArgs;
  readonly #leaving: string[];
  readonly #create: (dependsOn: pulumi.Input<pulumi.Resource>[]) => RedisNodes;

  constructor(name: string, args: RedisClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:RedisCluster", name, {}, opts);
    const { config, namespace } = args;
    this.users = generateUsers(name, args, this);
    this.nodes = redisNodes(redisReplicas(config), namespace, args.domain);
    this.#leaving = redisNodes(args.live?.replicas ?? 0, namespace, args.domain).slice(this.nodes.length);
    this.comesAfterApi = config.passwordVersion > 1 || args.usersOrigin === "admitted";
    const secret = this.#createSecret(name, args);
    this.usersJob = {
      namespace,
      image: args.apiImage,
      pullSecrets: args.apiPullSecrets,
      pod: config.pod,
      users: this.users.users,
      secretName: redisUsersSecret,
      nodes: this.nodes,
    };
    const nodes = [...this.nodes, ...this.#leaving];
    const admitting = { parent: this, dependsOn: [this.users.secret, args.apiImageReady] };
    this.admission = this.comesAfterApi
      ? [admitRedisUsers(`${name}-users`, { ...this.usersJob, nodes }, admitting)]
      : [];
    const isShrinking = this.#leaving.length > 0;
    this.#create = (dependsOn) => {
      const controller = new RedisController(
        controllerName,
        { ...args, nodes: this.nodes, secretName: redisUsersSecret },
        { parent: this, dependsOn: [this.users.secret, args.apiImageReady, ...this.admission, ...dependsOn] },
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

  #createSecret(name: string, args: RedisClusterArgs): Secret {
    const { config } = args;
    const { passwords, users } = this.users;
    const conf = pulumi.all([passwords.replica, passwords.pod]).apply(([replicaPassword, podPassword]) =>
      renderRedisConf({
        maxmemoryBytes: redisMaxmemory(config.memory),
        replicaPassword,
        podPassword,
        server: config.server,
        nodeTimeoutMs: config.nodeTimeout,
        dataDir: redisVolumes.data,
        port,
      }),
    );
    // Pulumi names it by its content, so that new content replaces the pods.
    const metadata = { namespace: args.namespace };
    const stringData = { "redis.conf": conf, [usersKey]: users, password: passwords.pod };
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
        ownAnnotations: { [serverAnnotation]: config.server, [usersAnnotation]: args.usersOrigin },
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
                ...[`${redisVolumes.conf}/${usersKey}`, redisVolumes.passwords],
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
                { name: "passwords", mountPath: redisVolumes.passwords, readOnly: true },
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
                exec: { command: ["redis-cli", "-h", "127.0.0.1", "--user", podUser, "ping"] },
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
                items: ["redis.conf", usersKey].map((key) => ({ key, path: key })),
              },
            },
            passwordsVolume("passwords", ["redis", "redis-hashes"]),
          ],
        },
      },
      this,
      dependsOn,
    );
  }
}
