import type { types } from "@pulumi/kubernetes";
import { Job } from "@pulumi/kubernetes/batch/v1/job.js";
import type * as pulumi from "@pulumi/pulumi";
import type { PodConfig } from "../config/sections/pod.ts";
import type { Workload } from "../contract/outputs.ts";
import { podLabels } from "./labels.ts";
import { passwordId } from "./password.ts";
import { passwordsVolume, passwordVariable } from "./passwords-in-use.ts";
import { type PodVolume, podTemplate } from "./pod.ts";
import { selectorLabels } from "./workload.ts";

/** A Job that makes a new password valid. */
export interface PasswordJobArgs {
  namespace: string;
  /** Image with the programs: the API image. */
  image: string;
  /** Names of the Secrets that the image is pulled with. */
  pullSecrets: pulumi.Input<string>[];
  /** The `pod` options of the server's section of stack config. */
  pod: PodConfig;
  /** The new password. */
  password: pulumi.Output<string>;
  /** Name of the Secret with the new password, key `password`. */
  secretName: string;
}

type Env = types.input.core.v1.EnvVar[];
type JobSpec = Required<Pick<types.input.core.v1.Container, "args">> & {
  role: Workload["role"];
  env: Env;
  volume?: PodVolume;
};

const mountPath = "/var/lib/passwords";

/**
 * Job that lets the Redis nodes accept the new password beside the one in use. It must end before the API's pods get the
 * new password, and the nodes' own configuration must follow after them.
 *
 * @param nodes `host:port` of every Redis pod
 */
export function admitRedisPassword(
  name: string,
  args: PasswordJobArgs & { nodes: string[] },
  opts: pulumi.CustomResourceOptions,
): Job {
  const env = [
    { name: "REDIS_NODES", value: args.nodes.join(",") },
    { name: "REDIS_USERNAME", value: "default" },
    newPassword("REDIS_PASSWORD", args),
    passwordVariable("REDIS_OTHER_PASSWORD", "redis"),
  ];
  return createJob(name, args, { role: "redis", args: ["redis.js", "admit"], env }, opts);
}

/**
 * Job that gives the database's role the new password. It must start after all pods of the API know both passwords.
 *
 * @param url without password: `postgres://user@host:port/name`
 */
export function setDatabasePassword(
  name: string,
  args: PasswordJobArgs & { url: string },
  opts: pulumi.CustomResourceOptions,
): Job {
  const env = [
    newPassword("DATABASE_PASSWORD", args),
    { name: "DATABASE_URL", value: args.url.replace("@", ":$(DATABASE_PASSWORD)@") },
    { name: "DATABASE_PASSWORD_FILE", value: `${mountPath}/database` },
  ];
  const volume = passwordsVolume("passwords", ["database"]);
  return createJob(name, args, { role: "database", args: ["set-database-password.js"], env, volume }, opts);
}

function newPassword(variable: string, { secretName }: PasswordJobArgs) {
  return { name: variable, valueFrom: { secretKeyRef: { name: secretName, key: "password" } } };
}

/**
 * A Job cannot be changed, so a new password replaces it. The old one is deleted first: when a run is killed in between,
 * the state has no Job that seems to have ended well with the present password.
 */
function createJob(
  name: string,
  job: PasswordJobArgs,
  { role, args, env, volume }: JobSpec,
  opts: pulumi.CustomResourceOptions,
): Job {
  const { nodeSelector, tolerations, priorityClassName, imagePullSecrets } = job.pod;
  const volumeMounts = volume && [{ name: volume.name, mountPath, readOnly: true }];
  return new Job(
    name,
    {
      metadata: { namespace: job.namespace },
      spec: {
        backoffLimit: 2,
        activeDeadlineSeconds: 300,
        template: podTemplate({
          labels: selectorLabels(name, name),
          metadata: {
            labels: podLabels(role),
            annotations: { "breakwater/password-id": passwordId(job.password) },
          },
          pullSecrets: job.pullSecrets,
          patch: { nodeSelector, tolerations, priorityClassName, imagePullSecrets },
          spec: {
            restartPolicy: "Never",
            containers: [
              {
                name: "password",
                image: job.image,
                args,
                env,
                volumeMounts,
                resources: {
                  requests: { cpu: "10m", memory: "96Mi" },
                  limits: { cpu: "1", memory: "96Mi" },
                },
              },
            ],
            volumes: volume && [volume],
          },
        }),
      },
    },
    { ...opts, deleteBeforeReplace: true },
  );
}
