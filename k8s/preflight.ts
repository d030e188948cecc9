import * as pulumi from "@pulumi/pulumi";
import { ConfigError } from "../config/problem.ts";
import { isOwnDatabase } from "../config/sections/database.ts";
import { hasTls } from "../config/sections/nginx-tls.ts";
import type { StackConfig } from "../config/stack-config.ts";
import { formatBytes } from "../config/units.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { type BackupVolumePlan, backupGrowthProblem, planBackupVolume } from "./database-backup.ts";
import { type LiveStack, type RedisUsersOrigin, readLiveStack } from "./live-stack.ts";
import { chooseNodePort, type UsedPort } from "./node-port.ts";
import { shrinkProblems } from "./redis-shrink.ts";
import { tlsSecretProblems } from "./tls-secret.ts";
import { checkGrowths, growClaims } from "./volume-growth.ts";
import {
  growthProblem,
  type LiveClaim,
  type LiveSet,
  planVolumes,
  type VolumePlan,
  type VolumeWish,
} from "./volume-plan.ts";

/** Port of a new gateway on the embedded cluster, if it is free. */
const embeddedNodePort = 30_080;
/** Port of HTTPS. */
const embeddedTlsNodePort = 30_443;

/** What stack config means on the cluster as it is. */
export interface Preflight {
  redis: VolumePlan;
  /** Redis' StatefulSet that the cluster has and that stays; undefined when there is none. */
  redisSet: LiveSet | undefined;
  /** How Redis' nodes get their users: the value of `usersAnnotation`. */
  redisUsers: RedisUsersOrigin;
  /** See `LiveStack`. */
  formationJobs: string[];
  database: VolumePlan;
  /** The gateway's port on the nodes; undefined: Kubernetes chooses, or the gateway has none. */
  nodePort: number | undefined;
  /** The gateway's port of HTTPS on the nodes, likewise. */
  tlsNodePort: number | undefined;
  /** The cluster's objects that the stack goes on from. */
  live: Pick<LiveStack, "deployments" | "autoscalers">;
}

/**
 * Compares stack config with the cluster before any resource is registered, in a preview too. Then it lets claims of
 * volumes grow, but not in a preview.
 *
 * @throws {pulumi.RunError} with all wishes that the present volumes and ports do not allow, and when the cluster does not
 *   respond.
 */
export async function preflight(
  cluster: ClusterReader,
  namespace: string,
  config: StackConfig,
): Promise<Preflight> {
  try {
    return await compare(cluster, namespace, config);
  } catch (error) {
    if (pulumi.RunError.isInstance(error)) throw error;
    const { message } = error as Error;
    if (error instanceof ConfigError) throw new pulumi.RunError(message);
    throw new pulumi.RunError(
      `The volumes and ports of the namespace ${namespace} cannot be compared with stack config: ${message}`,
    );
  }
}

async function compare(cluster: ClusterReader, namespace: string, config: StackConfig): Promise<Preflight> {
  const live = await readLiveStack(cluster, namespace);
  const wishes = wishesOf(config);
  const plans = wishes.map((wish) => {
    // The stack's own database goes when there is another one, or none. Its claim stays.
    const isGoing = wish.name === "database" && !isOwnDatabase(config.database);
    return isGoing
      ? planVolumes(wish, undefined, [])
      : planVolumes(wish, live.sets.get(wish.name), live.claims);
  });
  const ports = choosePorts(config, namespace, live.usedPorts);
  const { secret } = config.nginx.tls;
  const tlsProblems =
    secret === undefined ? [] : await tlsSecretProblems(cluster, namespace, secret, Date.now());
  const backups = planBackups(config, live.claims);
  const growthProblems = await Promise.all([
    ...wishes.map((wish, index) =>
      checkGrowths(cluster, namespace, plans[index]?.growths ?? [], (growth, reason) =>
        growthProblem(wish, growth, reason),
      ),
    ),
    checkGrowths(cluster, namespace, backups.growths, backupGrowthProblem),
  ]);
  const [redis, database] = plans as [VolumePlan, VolumePlan];
  const redisSet = redis.isReplaced ? undefined : live.sets.get("redis");
  const problems = [
    ...(redisSet === undefined ? [] : await shrinkProblems(cluster, namespace, config.redis)),
    ...plans.flatMap((plan) => plan.problems),
    ...backups.problems,
    ...growthProblems.flat(),
    ...ports.problems,
    ...tlsProblems,
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  for (const notice of plans.flatMap((plan) => plan.notices)) void pulumi.log.warn(notice);
  if (!isOwnDatabase(config.database) && live.sets.has("database"))
    void pulumi.log.warn(
      "the stack's own database goes. The claim of its volume stays in the namespace: without database.url, and with database.enabled true, the stack has the data again",
    );
  const growths = [...plans, backups].flatMap((plan) => plan.growths);
  for (const { claim, from, to } of growths)
    void pulumi.log.info(`the volume of ${claim} grows from ${formatBytes(from)} to ${formatBytes(to)}`);
  if (!pulumi.runtime.isDryRun() && growths.length > 0) await growClaims(cluster, namespace, growths);
  const { formationJobs } = live;
  const present = live.sets.get("redis");
  const redisUsers = present === undefined || present.users === "first" ? "first" : "admitted";
  return {
    redis,
    redisSet,
    redisUsers,
    formationJobs,
    database,
    nodePort: ports.http,
    tlsNodePort: ports.https,
    live,
  };
}

/** The gateway's ports on the nodes. */
function choosePorts({ cluster, nginx }: StackConfig, namespace: string, used: readonly UsedPort[]) {
  const gateway = { namespace, service: "nginx" };
  const isKept = cluster.kubeContext === undefined && nginx.serviceType === "NodePort";
  const http = chooseNodePort(
    "nginx.nodePort",
    nginx.nodePort,
    isKept ? embeddedNodePort : undefined,
    { ...gateway, name: "http" },
    used,
  );
  if (!hasTls(nginx.tls)) return { http: http.port, https: undefined, problems: http.problems };
  const own = http.port === undefined ? [] : [{ port: http.port, namespace, service: "nginx, HTTP" }];
  const https = chooseNodePort(
    "nginx.tls.nodePort",
    nginx.tls.nodePort,
    isKept ? embeddedTlsNodePort : undefined,
    { ...gateway, name: "https" },
    [...used, ...own],
  );
  return { http: http.port, https: https.port, problems: [...http.problems, ...https.problems] };
}

/** The volume of the backups stays as it is while there are none. */
function planBackups({ cluster, database }: StackConfig, claims: readonly LiveClaim[]): BackupVolumePlan {
  const { schedule, storage } = database.backup;
  if (!isOwnDatabase(database) || schedule === undefined) return { growths: [], problems: [] };
  return planBackupVolume({ storage, storageClass: cluster.storageClass }, claims);
}

/** What stack config asks of volumes: of Redis' and of the database's, which may be outside the stack. */
function wishesOf({ cluster, redis, database }: StackConfig): [VolumeWish, VolumeWish] {
  const { storageClass } = cluster;
  return [
    {
      name: "redis",
      storage: redis.storage,
      storageClass,
      generation: redis.volumeGeneration,
      server: redis.server,
    },
    {
      name: "database",
      storage: database.storage,
      storageClass,
      generation: database.volumeGeneration,
      isProtected: database.protect,
    },
  ];
}
