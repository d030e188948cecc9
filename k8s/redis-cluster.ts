import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import { redisNodes, redisReplicas } from "../config/derive.ts";
import { redisMaxmemory } from "../config/memory.ts";
import { redisVolumes } from "../config/sections/redis.ts";
import type { Workload } from "../contract/outputs.ts";
import { renderRedisConf } from "../redis/redis-conf.ts";
import { generatedPassword } from "./password.ts";
import { redisRejoin } from "./programs.ts";
import { RedisFormation, type RedisFormationArgs } from "./redis-formation.ts";
import { resources } from "./resources.ts";
import { createDisruptionBudget, createStatefulSet, skipAwait } from "./workload.ts";

/** The Redis Cluster's settings, and the parts of the Job that forms it. */
export interface RedisClusterArgs extends Omit<RedisFormationArgs, "nodes" | "secretName"> {
  image: string;
  /** Resource that the formation Job waits for: the API image. */
  apiImageReady: pulumi.Resource;
  storageClass?: string;
}

const port = 6379;

/** Redis Cluster: shards × (1 + replicas per shard) pods with a volume each, and the Job that forms the cluster. */
export class RedisCluster extends pulumi.ComponentResource {
  readonly password: pulumi.Output<string>;
  /** `host:port` of every pod. */
  readonly nodes: string[];
  readonly workload: Workload;

  constructor(name: string, args: RedisClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:RedisCluster", name, {}, opts);
    this.password = generatedPassword(`${name}-password`, { parent: this });
    this.nodes = redisNodes(args.config, args.namespace);
    const secret = this.#createSecret(name, args);
    const { statefulSet, workload } = this.#createStatefulSet(name, args, secret);
    this.workload = workload;
    this.#createService(name, args, workload.selector);
    createDisruptionBudget(name, args.namespace, workload.selector, this);
    new RedisFormation(
      `${name}-formation`,
      { ...args, nodes: this.nodes, secretName: secret.metadata.name },
      { parent: this, dependsOn: [statefulSet, args.apiImageReady] },
    );
    this.registerOutputs({ nodes: this.nodes });
  }

  #createSecret(name: string, args: RedisClusterArgs): Secret {
    const { config } = args;
    const conf = this.password.apply((password) =>
      renderRedisConf({
        maxmemoryBytes: redisMaxmemory(config.memory),
        password,
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
      { name: "bus", port: port + 10_000 },
    ];
    // Nodes must find each other before the cluster is formed, and so before they are ready.
    const spec = { clusterIP: "None", publishNotReadyAddresses: true, selector, ports };
    new Service(name, { metadata, spec }, { parent: this });
  }

  #createStatefulSet(name: string, args: RedisClusterArgs, secret: Secret) {
    const { config, image, namespace } = args;
    const host = `$(POD_NAME).${name}.${namespace}.svc.cluster.local`;
    const password = {
      name: "REDISCLI_AUTH",
      valueFrom: { secretKeyRef: { name: secret.metadata.name, key: "password" } },
    };
    return createStatefulSet(
      {
        ...args,
        name,
        role: "redis",
        replicas: redisReplicas(config),
        podManagementPolicy: "Parallel",
        // The data is a cache, so the volumes are deleted with the pods.
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete", whenScaled: "Delete" },
        storage: config.storage,
        spec: {
          terminationGracePeriodSeconds: 30,
          initContainers: [
            {
              // This makes it a sidecar: it starts before the server and keeps running beside it (docs/decisions.md#redis-sidecar).
              restartPolicy: "Always",
              name: "rejoin",
              image,
              command: ["sh", "-uc", redisRejoin],
              env: [
                { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
                { name: "PEERS", value: this.nodes.map((node) => node.split(":")[0]).join(" ") },
                { name: "PORT", value: String(port) },
                password,
              ],
              resources: {
                requests: { cpu: "5m", memory: "16Mi" },
                limits: { cpu: "100m", memory: "16Mi" },
              },
            },
          ],
          containers: [
            {
              name: "redis",
              image,
              command: [
                "redis-server",
                `${redisVolumes.conf}/redis.conf`,
                "--cluster-announce-hostname",
                host,
              ],
              env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }, password],
              ports: [
                { name: "redis", containerPort: port },
                { name: "bus", containerPort: port + 10_000 },
              ],
              resources: resources(config),
              volumeMounts: [
                { name: "data", mountPath: redisVolumes.data },
                { name: "conf", mountPath: redisVolumes.conf, readOnly: true },
              ],
              startupProbe: { tcpSocket: { port }, periodSeconds: 1, failureThreshold: 120 },
              readinessProbe: { tcpSocket: { port }, periodSeconds: 2, failureThreshold: 2 },
              // A probe by exec costs a process, but only this probe detects a server that does not respond.
              livenessProbe: {
                exec: { command: ["redis-cli", "-h", "127.0.0.1", "ping"] },
                periodSeconds: 20,
                timeoutSeconds: 5,
                failureThreshold: 3,
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
    );
  }
}
