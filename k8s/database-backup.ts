import { CronJob } from "@pulumi/kubernetes/batch/v1/cronJob.js";
import { PersistentVolumeClaim } from "@pulumi/kubernetes/core/v1/persistentVolumeClaim.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../config/problem.ts";
import type { DatabaseConfig } from "../config/sections/database.ts";
import { type Bytes, formatBytes } from "../config/units.ts";
import { backupClaim, backupContainer, backupName } from "../contract/database-backup.ts";
import { podLabels } from "./labels.ts";
import { passwordVariable } from "./passwords-in-use.ts";
import { podTemplate } from "./pod.ts";
import { databasePort } from "./ports.ts";
import { databaseBackup } from "./programs.ts";
import { quantity } from "./resources.ts";
import type { Growth, LiveClaim } from "./volume-plan.ts";
import { selectorLabels, skipAwait } from "./workload.ts";

/** What becomes of the volume with the backups. */
export interface BackupVolumePlan {
  growths: Growth[];
  problems: Problem[];
}

/** What stack config asks of the volume with the backups. */
export interface BackupVolumeWish {
  storage: Bytes;
  storageClass?: string | undefined;
}

const path = "database.backup.storage";

/** Compares stack config with the volume that the cluster has. @param claims all claims of the namespace */
export function planBackupVolume(
  { storage, storageClass }: BackupVolumeWish,
  claims: readonly LiveClaim[],
): BackupVolumePlan {
  const live = claims.find(({ name }) => name === backupClaim);
  if (live === undefined) return { growths: [], problems: [] };
  const problems: Problem[] = [];
  if (storage < live.requested)
    problems.push({
      path,
      value: formatBytes(storage),
      rule: `must be at least ${formatBytes(live.requested)}, the size of ${backupClaim}: a volume cannot get smaller`,
      fix: `set it back: pulumi config set --path ${path} '${formatBytes(live.requested)}'`,
    });
  if (storageClass !== undefined && live.storageClass !== undefined && storageClass !== live.storageClass)
    problems.push({
      path: "cluster.storageClass",
      value: storageClass,
      rule: `is not the class of the volume ${backupClaim}, which is ${live.storageClass}: a volume cannot change its class`,
      fix: `set it back: pulumi config set --path cluster.storageClass '${live.storageClass}', or copy the backups and delete the claim`,
    });
  const growths = storage > live.requested ? [{ claim: backupClaim, from: live.requested, to: storage }] : [];
  return { growths, problems };
}

/** The problem of a volume that the API server does not let grow. @param reason the API server's message */
export function backupGrowthProblem({ from, to }: Growth, reason: string): Problem {
  return {
    path,
    value: formatBytes(to),
    rule: `needs the volume ${backupClaim} to grow from ${formatBytes(from)}, which the cluster refuses (${reason})`,
    fix: `set it back: pulumi config set --path ${path} '${formatBytes(from)}'`,
  };
}

/** Settings of the backups. */
export interface DatabaseBackupArgs {
  namespace: string;
  config: DatabaseConfig & { backup: { schedule: string } };
  image: string;
  storageClass?: string;
  /** Host name of the database. */
  host: string;
}

/**
 * Creates the volume of the backups and the CronJob that fills it. The claim stays when the backups are switched off, and is taken over
 * when they are switched on again; it goes with the namespace. Only `growClaims` changes its size.
 */
export function createDatabaseBackup(
  { namespace, config, image, storageClass, host }: DatabaseBackupArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const { schedule, keep, storage } = config.backup;
  new PersistentVolumeClaim(
    backupClaim,
    {
      // A claim of a class that waits for the first pod is bound by the first backup.
      metadata: { name: backupClaim, namespace, annotations: skipAwait },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: storageClass,
        resources: { requests: { storage: quantity(storage) } },
      },
    },
    { ...opts, retainOnDelete: true, ignoreChanges: ["spec"] },
  );
  const { nodeSelector, tolerations, priorityClassName, imagePullSecrets } = config.pod;
  const env = [
    ...Object.entries({
      PGHOST: host,
      PGPORT: String(databasePort),
      PGUSER: "breakwater",
      PGDATABASE: "breakwater",
      PGCONNECT_TIMEOUT: "10",
      KEEP: String(keep),
      LC_ALL: "C.UTF-8",
    }).map(([name, value]) => ({ name, value })),
    passwordVariable("PGPASSWORD", "database"),
  ];
  new CronJob(
    backupName,
    {
      metadata: { name: backupName, namespace },
      spec: {
        schedule,
        timeZone: "Etc/UTC",
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: 3600,
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 3,
        jobTemplate: {
          spec: {
            // A rotation of the password, or a restart of the database, may be in the way of the first attempt.
            backoffLimit: 3,
            template: podTemplate({
              labels: selectorLabels(backupName, backupName),
              metadata: { labels: podLabels("database") },
              runAsUser: config.runAsUser,
              patch: { nodeSelector, tolerations, priorityClassName, imagePullSecrets },
              spec: {
                restartPolicy: "Never",
                containers: [
                  {
                    name: backupContainer,
                    image,
                    command: ["sh", "-euc", databaseBackup, backupName],
                    args: ["backup"],
                    env,
                    resources: {
                      requests: { cpu: "10m", memory: "128Mi" },
                      limits: { cpu: "1", memory: "128Mi" },
                    },
                    terminationMessagePolicy: "FallbackToLogsOnError",
                    volumeMounts: [{ name: "backups", mountPath: "/backups" }],
                  },
                ],
                volumes: [{ name: "backups", persistentVolumeClaim: { claimName: backupClaim } }],
              },
            }),
          },
        },
      },
    },
    opts,
  );
}
