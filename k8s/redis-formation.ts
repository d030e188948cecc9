import { Job } from "@pulumi/kubernetes/batch/v1/job.js";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../config/derive.ts";
import type { RedisConfig } from "../config/sections/redis.ts";
import { podTemplate } from "./pod.ts";

/** The wanted shape of the Redis Cluster and the program that makes it. */
export interface RedisFormationArgs {
  namespace: string;
  config: RedisConfig;
  apiImage: string;
  apiPullSecrets: pulumi.Input<string>[];
  redisProgramDigest: string;
  nodes: string[];
  /** Secret with the key `password`. */
  secretName: pulumi.Input<string>;
}

/** Job that makes one cluster of the Redis pods. A new shape or program gives a new Job; it does nothing twice. */
export class RedisFormation extends pulumi.ComponentResource {
  constructor(name: string, args: RedisFormationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:RedisFormation", name, {}, opts);
    const { config } = args;
    const { nodeSelector, tolerations, priorityClassName, imagePullSecrets } = config.pod;
    const jobName = `${name}-${shortHash(config.shards, config.replicasPerShard, args.redisProgramDigest)}`;
    const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/instance": jobName };
    const value = (variable: string, text: string | number) => ({ name: variable, value: String(text) });
    new Job(
      jobName,
      {
        metadata: { name: jobName, namespace: args.namespace },
        spec: {
          backoffLimit: 4,
          activeDeadlineSeconds: 300,
          template: podTemplate({
            labels,
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
      // The image changes with every change of the API; the Job that is done need not be done again for that.
      { parent: this, ignoreChanges: ["spec.template.spec.containers[0].image"] },
    );
    this.registerOutputs({ jobName });
  }
}
