import { Job } from "@pulumi/kubernetes/batch/v1/job.js";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../config/derive.ts";
import type { RedisConfig } from "../config/sections/redis.ts";
import { podLabels } from "./labels.ts";
import { podTemplate } from "./pod.ts";
import { selectorLabels } from "./workload.ts";

/** The shape of the Redis Cluster and the program that forms it. */
export interface RedisFormationArgs {
  /** A plain string, because it is part of the pods' host names. */
  namespace: string;
  config: RedisConfig;
  /** Image that contains the Redis program, which forms the cluster. */
  apiImage: string;
  /** Names of the Secrets that the API image is pulled with. */
  apiPullSecrets: pulumi.Input<string>[];
  /** Hash of the Redis program; a new program runs again. */
  redisProgramDigest: string;
  /** `host:port` of every Redis pod. */
  nodes: string[];
  /** Name of a Secret with the key `password`. */
  secretName: pulumi.Input<string>;
  /** UID of the StatefulSet. Another one has new pods, and perhaps new volumes, so the Job runs again. */
  setUid: pulumi.Input<string>;
}

/**
 * Job that forms one cluster of the Redis pods. A new shape, StatefulSet or program creates a new Job. The program sends no
 * command to a cluster that is formed already.
 */
export class RedisFormation extends pulumi.ComponentResource {
  /** Known once the Job has succeeded. */
  readonly formed: pulumi.Output<string>;

  constructor(name: string, args: RedisFormationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:RedisFormation", name, {}, opts);
    const { config } = args;
    const { nodeSelector, tolerations, priorityClassName, imagePullSecrets } = config.pod;
    const jobName = `${name}-${shortHash(config.shards, config.replicasPerShard, args.redisProgramDigest)}`;
    const value = (variable: string, text: string | number) => ({ name: variable, value: String(text) });
    const job = new Job(
      jobName,
      {
        metadata: { name: jobName, namespace: args.namespace },
        spec: {
          backoffLimit: 4,
          activeDeadlineSeconds: 300,
          template: podTemplate({
            labels: selectorLabels(name, jobName),
            metadata: {
              labels: podLabels("redis"),
              annotations: { "breakwater.dev/statefulset": args.setUid },
            },
            pullSecrets: args.apiPullSecrets,
            patch: { nodeSelector, tolerations, priorityClassName, imagePullSecrets },
            spec: {
              restartPolicy: "Never",
              containers: [
                {
                  name: "form",
                  image: args.apiImage,
                  args: ["redis.js", "form"],
                  env: [
                    value("REDIS_NODES", args.nodes.join(",")),
                    value("REDIS_SHARDS", config.shards),
                    value("REDIS_REPLICAS_PER_SHARD", config.replicasPerShard),
                    value("REDIS_USERNAME", "default"),
                    {
                      name: "REDIS_PASSWORD",
                      valueFrom: { secretKeyRef: { name: args.secretName, key: "password" } },
                    },
                  ],
                  resources: {
                    requests: { cpu: "50m", memory: "128Mi" },
                    limits: { cpu: "1", memory: "128Mi" },
                  },
                },
              ],
            },
          }),
        },
      },
      // The image changes with every change of the API, and labels with the program; both are no reason to run the Job again.
      {
        parent: this,
        ignoreChanges: ["spec.template.spec.containers[0].image", "spec.template.metadata.labels"],
      },
    );
    this.formed = job.id;
    this.registerOutputs({ jobName });
  }
}
