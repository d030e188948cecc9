import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Lease } from "@pulumi/kubernetes/coordination/v1/lease.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { Role } from "@pulumi/kubernetes/rbac/v1/role.js";
import { RoleBinding } from "@pulumi/kubernetes/rbac/v1/roleBinding.js";
import * as pulumi from "@pulumi/pulumi";
import type { RedisConfig } from "../config/sections/redis.ts";
import { controllerPort } from "../contract/redis-controller.ts";
import type { RedisUser } from "../contract/redis-users.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { podLabels } from "./labels.ts";
import { podTemplate } from "./pod.ts";
import { createPodMonitor } from "./pod-monitor.ts";
import { afterRollout, awaitedHere } from "./rollout.ts";
import { selectorLabels, skipAwait } from "./workload.ts";

/** The wanted Redis Cluster and the program that keeps it. */
export interface RedisControllerArgs {
  cluster: ClusterReader;
  namespace: string;
  config: RedisConfig;
  /** Image that contains the Redis program. */
  apiImage: string;
  /** Names of the Secrets that the API image is pulled with. */
  apiPullSecrets: pulumi.Input<string>[];
  /** `host:port` of every pod of the wanted cluster. */
  nodes: string[];
  /** Name of the Secret with the passwords of the users. */
  secretName: string;
}

/** Longer than the time that the program takes to end a step: a large key may move. */
const gracePeriodSeconds = 60;
/** Every node has a table of all nodes. */
const bytesPerEntry = 1_000;
const user: RedisUser = "controller";
const certificate = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/**
 * Deployment of the program that forms the Redis Cluster, mends it and changes its shape. It has rights to its Lease, and to read
 * the StatefulSet and the machines of pods. A new pod starts before the old one ends; the Lease lets only one of them act.
 */
export class RedisController extends pulumi.ComponentResource {
  /** The Deployment, once its pod is ready. */
  readonly ready: pulumi.Output<pulumi.Resource>;

  constructor(name: string, args: RedisControllerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:RedisController", name, {}, opts);
    const { config, namespace } = args;
    const metadata = { name, namespace };
    const labels = selectorLabels(name, name);
    const account = new ServiceAccount(
      name,
      { metadata, automountServiceAccountToken: false },
      { parent: this },
    );
    const lease = new Lease(name, { metadata }, { parent: this });
    const role = new Role(
      name,
      {
        metadata,
        rules: [
          { apiGroups: ["apps"], resources: ["statefulsets"], resourceNames: ["redis"], verbs: ["get"] },
          {
            apiGroups: ["coordination.k8s.io"],
            resources: ["leases"],
            resourceNames: [name],
            verbs: ["get", "update"],
          },
          { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
          // The name of an object that is created cannot be restricted.
          { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
        ],
      },
      { parent: this },
    );
    const binding = new RoleBinding(
      name,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects: [{ kind: "ServiceAccount", name, namespace }],
      },
      { parent: this, dependsOn: [role] },
    );
    const memory = `${128 + Math.ceil((args.nodes.length ** 2 * bytesPerEntry) / 2 ** 20)}Mi`;
    const { nodeSelector, tolerations, priorityClassName, imagePullSecrets } = config.pod;
    const value = (variable: string, text: string | number) => ({ name: variable, value: String(text) });
    const field = (variable: string, fieldPath: string) => ({
      name: variable,
      valueFrom: { fieldRef: { fieldPath } },
    });
    const deployment = new Deployment(
      name,
      {
        metadata: { ...metadata, labels, annotations: awaitedHere },
        spec: {
          replicas: 1,
          revisionHistoryLimit: 3,
          selector: { matchLabels: labels },
          strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
          template: podTemplate({
            labels,
            metadata: {
              labels: podLabels("redis"),
              annotations: {
                "prometheus.io/scrape": "true",
                "prometheus.io/port": String(controllerPort),
                "prometheus.io/path": "/metrics",
              },
            },
            pullSecrets: args.apiPullSecrets,
            patch: { nodeSelector, tolerations, priorityClassName, imagePullSecrets },
            spec: {
              serviceAccountName: name,
              automountServiceAccountToken: true,
              terminationGracePeriodSeconds: gracePeriodSeconds,
              containers: [
                {
                  name: "controller",
                  image: args.apiImage,
                  args: ["redis.js", "control"],
                  env: [
                    value("REDIS_NODES", args.nodes.join(",")),
                    value("REDIS_SHARDS", config.shards),
                    value("REDIS_REPLICAS_PER_SHARD", config.replicasPerShard),
                    value("REDIS_USERNAME", user),
                    {
                      name: "REDIS_PASSWORD",
                      valueFrom: { secretKeyRef: { name: args.secretName, key: user } },
                    },
                    // Another password needs another pod, because a variable does not change.
                    value("REDIS_PASSWORD_VERSION", config.passwordVersion),
                    field("POD_NAME", "metadata.name"),
                    field("POD_NAMESPACE", "metadata.namespace"),
                    value("NODE_EXTRA_CA_CERTS", certificate),
                  ],
                  ports: [{ name: "metrics", containerPort: controllerPort }],
                  // The Job that waits for the cluster asks the Service for the status, also while the loop hangs.
                  readinessProbe: { httpGet: { path: "/status", port: "metrics" }, periodSeconds: 5 },
                  startupProbe: {
                    httpGet: { path: "/health", port: "metrics" },
                    periodSeconds: 1,
                    failureThreshold: 60,
                  },
                  livenessProbe: {
                    httpGet: { path: "/health", port: "metrics" },
                    periodSeconds: 30,
                    timeoutSeconds: 5,
                  },
                  resources: {
                    requests: { cpu: "20m", memory },
                    limits: { cpu: "1", memory },
                  },
                },
              ],
            },
          }),
        },
      },
      { parent: this, dependsOn: [account, lease, binding] },
    );
    new Service(
      name,
      {
        metadata: { ...metadata, annotations: skipAwait },
        spec: { selector: labels, ports: [{ name: "metrics", port: controllerPort }] },
      },
      { parent: this },
    );
    if (config.podMonitor) createPodMonitor(name, { namespace, matchLabels: labels, port: "metrics" }, this);
    const target = { kind: "Deployment", name, namespace, selector: labels } as const;
    this.ready = afterRollout(args.cluster, deployment, target, "ready");
    this.registerOutputs({});
  }
}
