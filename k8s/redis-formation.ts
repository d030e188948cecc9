import { setTimeout as sleep } from "node:timers/promises";
import { Job } from "@pulumi/kubernetes/batch/v1/job.js";
import * as pulumi from "@pulumi/pulumi";
import { serviceHost, shortHash } from "../config/derive.ts";
import type { RedisConfig } from "../config/sections/redis.ts";
import { controllerName, controllerPort, refusedExitCode } from "../contract/redis-controller.ts";
import { type ClusterReader, pathOf, requestTimeoutMs, statusOf } from "./cluster-reader.ts";
import { showProgress } from "./job-progress.ts";
import { podLabels } from "./labels.ts";
import { podTemplate } from "./pod.ts";
import { selectorLabels } from "./workload.ts";

/** The wanted shape of the Redis Cluster, and the program that waits for it. */
export interface RedisFormationArgs {
  /** A plain string, because it is part of the pods' host names. */
  namespace: string;
  config: RedisConfig;
  /** Image that contains the Redis program. */
  apiImage: string;
  /** Names of the Secrets that the API image is pulled with. */
  apiPullSecrets: pulumi.Input<string>[];
  /** DNS domain of the cluster. */
  domain: string;
  /** `host:port` of every pod of the wanted cluster. */
  nodes: string[];
  /** Whether pods must leave the cluster before they are deleted. */
  isShrinking: boolean;
  /** Names of the formation Jobs that the cluster has. */
  formationJobs: string[];
  /** Whether the cluster has the StatefulSet. */
  isPresent: boolean;
  cluster: ClusterReader;
  /** UID of the StatefulSet. Another one has new pods, and perhaps new volumes, so the Job runs again. */
  setUid: pulumi.Input<string>;
}

const pollMs = 500;
/** Limit of one run. The program itself gives up after two minutes in which the controller did nothing. */
const maxSeconds = 3600;
/** Time for the pods of a Job to end. Those of a node that is gone do not. */
const removalMs = 300_000;

/**
 * Job that waits until the controller has formed one cluster of the Redis pods, or has changed its shape: new shards get slots
 * of the others, and pods that leave give theirs away. It shows the progress, and fails with the controller's reason. A new
 * shape or StatefulSet creates a new Job.
 */
export class RedisFormation extends pulumi.ComponentResource {
  /** The Job, which other resources can depend on: it has succeeded then. */
  readonly job: Job;

  constructor(name: string, args: RedisFormationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:RedisFormation", name, {}, opts);
    const { config, nodes, isShrinking } = args;
    const host = serviceHost(controllerName, args.namespace, args.domain);
    const { nodeSelector, tolerations, priorityClassName, imagePullSecrets } = config.pod;
    const shape = shortHash(config.shards, config.replicasPerShard, ...nodes);
    const jobName = `${name}-${shape}`;
    // Other Jobs, or none, are the trace of an update that was interrupted, perhaps after it had moved slots.
    const isOther = args.formationJobs.length !== 1 || args.formationJobs[0] !== jobName;
    const isRun = isShrinking || (args.isPresent && isOther);
    const value = (variable: string, text: string | number) => ({ name: variable, value: String(text) });
    this.job = new Job(
      jobName,
      {
        metadata: { name: jobName, namespace: args.namespace },
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: maxSeconds,
          podFailurePolicy: {
            rules: [
              // The program has waited long enough; another try would wait again.
              {
                action: "FailJob",
                onExitCodes: { containerName: "await", operator: "In", values: [1, refusedExitCode] },
              },
            ],
          },
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
                  name: "await",
                  image: args.apiImage,
                  args: ["redis.js", "await"],
                  env: [
                    value("REDIS_CONTROLLER_URL", `http://${host}:${controllerPort}`),
                    value("REDIS_SHARDS", config.shards),
                    value("REDIS_REPLICAS_PER_SHARD", config.replicasPerShard),
                    // Another value is another Job.
                    ...(isRun ? [value("STARTED_AT", new Date().toISOString())] : []),
                  ],
                  terminationMessagePolicy: "FallbackToLogsOnError",
                  resources: {
                    requests: { cpu: "10m", memory: "96Mi" },
                    limits: { cpu: "1", memory: "96Mi" },
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
        dependsOn: isRun ? this.#removed(args) : [],
        deleteBeforeReplace: true,
        customTimeouts: { create: `${maxSeconds}s` },
        ignoreChanges: [
          "spec.template.spec.containers[0].image",
          "spec.template.metadata.labels",
          ...(isRun ? [] : ["spec.template.spec.containers[0].env"]),
        ],
      },
    );
    showProgress(args.cluster, args.namespace, jobName, this.job);
    this.registerOutputs({ jobName });
  }

  /**
   * Removes the Jobs of before. One of an update that was killed may be unknown to Pulumi, and its result is not that of this
   * update.
   */
  async #removed({ cluster, namespace, formationJobs }: RedisFormationArgs): Promise<pulumi.Resource[]> {
    if (pulumi.runtime.isDryRun()) return [];
    const isGone = (error: unknown) => {
      if (statusOf(error) !== 404) throw error;
      return true;
    };
    // In the foreground: the Job is there until its pods are gone.
    const options = { propagationPolicy: "Foreground" };
    const pathOfJob = (job: string) => pathOf("jobs", namespace, job);
    for (const job of formationJobs)
      await cluster.delete(pathOfJob(job), options, requestTimeoutMs).catch(isGone);
    const untilMs = Date.now() + removalMs;
    for (const job of formationJobs)
      while (!(await cluster.getJson(pathOfJob(job), requestTimeoutMs).then(() => false, isGone))) {
        if (Date.now() > untilMs)
          throw new pulumi.RunError(
            `The Job ${job} of an update before is not gone after ${removalMs / 60_000} min; kubectl describe job -n ${namespace} ${job} says why, and the next pulumi up goes on`,
          );
        await sleep(pollMs);
      }
    return [];
  }
}
