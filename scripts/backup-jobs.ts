import { randomBytes } from "node:crypto";
import type { V1CronJob, V1Job, V1Pod } from "@kubernetes/client-node";
import { type BackupAction, backupContainer, backupName } from "../contract/database-backup.ts";
import { UserError } from "../contract/user-error.ts";
import { ApiError, type ClusterApi, cronJobPath, jobPath, podPath, withLabels } from "../host/cluster-api.ts";
import { poll } from "../host/poll.ts";
import type { Report } from "../host/steps.ts";
import type { ReachedStack } from "../loadtest/cluster-search.ts";
import { readyPods } from "../loadtest/observe/ready-pods.ts";

const waitMs = 24 * 3_600_000;
const keptSeconds = 3600;

/**
 * Jobs with the pod of the stack's CronJob, and other arguments. One that fails stays for an hour. One that is interrupted here goes on
 * in the cluster.
 */
export class BackupJobs {
  readonly #api: ClusterApi;
  readonly #stack: ReachedStack;

  constructor(api: ClusterApi, stack: ReachedStack) {
    this.#api = api;
    this.#stack = stack;
  }

  /** Names of the backups, the oldest first. @throws {UserError} when the stack has none, or the Job fails */
  async list(): Promise<string[]> {
    return (await this.#run(["list"])).split("\n").filter(Boolean);
  }

  /** Makes a backup. @returns what the program says @throws {UserError} as `list` */
  backUp(report: Report): Promise<string> {
    return this.#run(["backup"], report);
  }

  /** @throws {UserError} with the names of all backups when there is none of this name */
  async requireBackup(name: string): Promise<void> {
    const names = await this.list();
    if (names.includes(name)) return;
    const fix = names.length === 0 ? "make one: npm run backups -- now" : `the backups: ${names.join(", ")}`;
    throw new UserError(`there is no backup ${name}`, fix);
  }

  /** Replaces the tables of the database by those of a backup. @returns what the program says @throws {UserError} as `list` */
  restore(name: string, report: Report): Promise<string> {
    return this.#run(["restore", name], report);
  }

  /** Deletes all values from the cache: they are those of before. @throws {UserError} when no API pod does it */
  async clearCache(): Promise<void> {
    const { namespace } = this.#stack;
    try {
      const [{ pod, container }] = await readyPods("api", this.#stack, this.#api);
      await this.#api.exec({ namespace, pod, container }, ["node", "-e", clearing], 60_000);
    } catch (error) {
      throw new UserError(
        `the database is restored, but the cache is not cleared: ${(error as Error).message}`,
        "clear it as docs/api.md#internal-port says, or wait for api.cacheTtlSeconds",
      );
    }
  }

  async #run(args: [BackupAction, ...string[]], report?: Report): Promise<string> {
    const { namespace } = this.#stack;
    const name = `${backupName}-${args[0]}-${randomBytes(3).toString("hex")}`;
    await this.#api.create(jobPath(namespace), backupJobOf(await this.#cronJob(), name, args));
    const fix = `kubectl -n ${namespace} logs -l job-name=${name}; kubectl -n ${namespace} describe job ${name}`;
    const end = await poll({ timeoutMs: waitMs, intervalMs: 500 }, async () => {
      const { status = {} } = await this.#api.getJson<V1Job>(jobPath(namespace, name));
      const pod = await this.#pod(name);
      report?.(waitingOf(pod) ?? "running");
      const isOver = (status.succeeded ?? 0) > 0 || (status.failed ?? 0) > 0;
      return isOver && { isGood: (status.succeeded ?? 0) > 0, pod };
    });
    const log = end?.pod === undefined ? "" : await this.#log(end.pod);
    if (end?.isGood) {
      await this.#api.delete(jobPath(namespace, name), { propagationPolicy: "Background" });
      return log;
    }
    throw new UserError(
      `the Job ${name} failed: ${log.split("\n").slice(-5).join("; ") || "no output"}`,
      fix,
    );
  }

  async #cronJob(): Promise<V1CronJob> {
    try {
      return await this.#api.getJson<V1CronJob>(cronJobPath(this.#stack.namespace, backupName));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      throw new UserError(
        "the stack makes no backups of its database",
        "pulumi config set --path database.backup.schedule '0 3 * * *', then pulumi up",
      );
    }
  }

  async #pod(job: string): Promise<V1Pod | undefined> {
    const path = withLabels(podPath(this.#stack.namespace), { "job-name": job });
    return (await this.#api.getJson<{ items: V1Pod[] }>(path)).items[0];
  }

  async #log({ metadata }: V1Pod): Promise<string> {
    const path = `${podPath(this.#stack.namespace, metadata?.name)}/log?container=${backupContainer}`;
    return (await this.#api.getText(path, 10_000)).trim();
  }
}

/** What a pod waits for that does not run yet. */
function waitingOf(pod: V1Pod | undefined): string | undefined {
  const unscheduled = pod?.status?.conditions?.find(
    ({ type, status }) => type === "PodScheduled" && status === "False",
  );
  const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting;
  return unscheduled?.message ?? (waiting && [waiting.reason, waiting.message].filter(Boolean).join(": "));
}

/** The Job: the CronJob's pod with other arguments. */
export function backupJobOf(
  cronJob: V1CronJob,
  name: string,
  args: readonly [BackupAction, ...string[]],
): V1Job {
  const template = cronJob.spec?.jobTemplate.spec?.template;
  const containers = template?.spec?.containers ?? [];
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, ...(cronJob.metadata?.labels && { labels: cronJob.metadata.labels }) },
    spec: {
      backoffLimit: 0,
      ttlSecondsAfterFinished: keptSeconds,
      template: {
        ...template,
        spec: { ...template?.spec, containers: containers.map((own) => ({ ...own, args: [...args] })) },
      },
    },
  };
}

/** Asks the pod's own internal port, which accepts the token of the pod's start after a rotation, too. */
const clearing = `
const headers = { authorization: "Bearer " + process.env.INTERNAL_TOKEN };
fetch("http://127.0.0.1:9000/internal/cache?pattern=*", { method: "DELETE", headers })
  .then(async (answer) => { if (!answer.ok) throw new Error(answer.status + " " + (await answer.text())); })
  .catch((error) => { console.error(error.message); process.exit(1); });
`;
