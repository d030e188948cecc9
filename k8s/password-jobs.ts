import type { types } from "@pulumi/kubernetes";
import { Job } from "@pulumi/kubernetes/batch/v1/job.js";
import type * as pulumi from "@pulumi/pulumi";
import type { PodConfig } from "../config/sections/pod.ts";
import type { Workload } from "../contract/outputs.ts";
import type { RedisUser } from "../contract/redis-users.ts";
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
  /** What the Job makes valid: another one runs it again. */
  password: pulumi.Output<string>;
  /** Name of the Secret that has it. The database's has the key `password`. */
  secretName: string;
}

type Env = types.input.core.v1.EnvVar[];
type JobSpec = Required<Pick<types.input.core.v1.Container, "args">> & {
  role: Workload["role"];
  /** Label `app.kubernetes.io/name` of the pod, by which network policies select it. Default: the Job's name. */
  app?: string;
  env: Env;
  volume?: PodVolume;
};

const mountPath = "/var/lib/passwords";

/** A Job that gives the Redis nodes their users. */
export interface RedisUsersJobArgs extends Omit<PasswordJobArgs, "password"> {
  /** `host:port` of every Redis pod. */
  nodes: string[];
  /** The users in the form of redis.conf: others run the Job again. */
  users: pulumi.Output<string>;
}

/** Key of the Secret of users with all of them, in the form of redis.conf. */
export const usersKey = "users.conf";

/**
 * Job that lets the Redis nodes accept the new passwords beside those in use. It must end before any pod gets the new
 * passwords, and the nodes' own configuration must follow after the API's pods.
 */
export function admitRedisUsers(
  name: string,
  args: RedisUsersJobArgs,
  opts: pulumi.CustomResourceOptions,
): Job {
  return createUsersJob(name, "admit", args, opts);
}

/**
 * Job that lets the Redis nodes accept the new passwords only. It must start after all pods use them, and after the Secret of the
 * passwords in use has them: a node that starts from then on knows no others.
 */
export function settleRedisUsers(
  name: string,
  args: RedisUsersJobArgs,
  opts: pulumi.CustomResourceOptions,
): Job {
  return createUsersJob(name, "settle", args, opts);
}

function createUsersJob(
  name: string,
  action: "admit" | "settle",
  args: RedisUsersJobArgs,
  opts: pulumi.CustomResourceOptions,
): Job {
  const ofSecret = (variable: string, key: RedisUser | typeof usersKey) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: args.secretName, key } },
  });
  const env = [
    { name: "REDIS_NODES", value: args.nodes.join(",") },
    ofSecret("REDIS_USERS", usersKey),
    ofSecret("REDIS_REPLICA_PASSWORD", "replica"),
    ofSecret("REDIS_ADMIN_PASSWORD", "admin"),
    passwordVariable("REDIS_OTHER_PASSWORD", "redis-admin"),
    passwordVariable("REDIS_DEFAULT_PASSWORD", "redis"),
  ];
  const job = { ...args, password: args.users };
  return createJob(
    name,
    job,
    { role: "redis", app: "redis-password", args: ["redis.js", action], env },
    opts,
  );
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
  { role, app = name, args, env, volume }: JobSpec,
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
          labels: selectorLabels(app, name),
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
