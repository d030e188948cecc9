import type { V1Pod, V1PodList } from "@kubernetes/client-node";
import type { Workload } from "../../contract/outputs.ts";
import type { RedisUser } from "../../contract/redis-users.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi, podPath, withLabels } from "../../host/cluster-api.ts";
import { poll } from "../../host/poll.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import { workloadsOf } from "../../loadtest/observe/ready-pods.ts";
import { parseClusterNodes } from "../../redis/cluster-nodes.ts";

const container = "redis";
const user: RedisUser = "pod";
const execMs = 20_000;

/** A pod of Redis with its role. */
export interface RedisPod {
  name: string;
  uid: string;
  ip: string;
  role: "primary" | "replica";
  /** Names of the pods of a primary's replicas. */
  replicas: string[];
}

/** The stack's Redis Cluster as the commands of its pods show it. */
export class RedisClusterView {
  readonly #api: ClusterApi;
  readonly #namespace: string;
  readonly workload: Workload;

  constructor(api: ClusterApi, outputs: ReachedStack) {
    const [workload] = workloadsOf("redis", outputs);
    if (workload === undefined) throw new UserError("the stack has no Redis", "deploy it: pulumi up");
    this.#api = api;
    this.#namespace = outputs.namespace;
    this.workload = workload;
  }

  /** All pods of the workload. @throws {ApiError} */
  async pods(): Promise<V1Pod[]> {
    const path = withLabels(podPath(this.#namespace), this.workload.selector);
    const { items } = await this.#api.getJson<V1PodList>(path);
    return items.filter(({ metadata }) => metadata?.name !== undefined);
  }

  /** Output of `redis-cli` in a pod. @throws {ApiError} when it fails */
  redis(pod: string, ...command: string[]): Promise<string> {
    const at = { namespace: this.#namespace, pod, container };
    return this.#api.exec(at, ["redis-cli", "-h", "127.0.0.1", "--user", user, ...command], execMs);
  }

  /** Roles as the first pod that responds knows them. @throws {UserError} when none responds */
  async roles(): Promise<RedisPod[]> {
    const pods = await this.pods();
    for (const { metadata } of pods) {
      const table = await this.redis(metadata?.name ?? "", "cluster", "nodes").catch(() => undefined);
      if (table === undefined) continue;
      const known = parseClusterNodes(table);
      return pods.flatMap((pod): RedisPod[] => {
        const ip = pod.status?.podIP ?? "";
        const node = known.find((each) => each.ip === ip);
        if (node === undefined) return [];
        const replicaIps = known.filter(({ primaryId }) => primaryId === node.id).map((each) => each.ip);
        const replicas = pods.filter(({ status }) => replicaIps.includes(status?.podIP ?? ""));
        return [
          {
            name: pod.metadata?.name ?? "",
            uid: pod.metadata?.uid ?? "",
            ip,
            role: node.role,
            replicas: replicas.map(({ metadata: replica }) => replica?.name ?? ""),
          },
        ];
      });
    }
    throw new UserError(
      "no Redis pod responds to redis-cli",
      `kubectl -n ${this.#namespace} get pods; kubectl exec must work`,
    );
  }

  /**
   * What is wrong with the cluster; undefined when it is whole: all pods are ready, `redis-cli --cluster check` finds nothing, and
   * no node knows failed or further nodes.
   *
   * @param replicas number of pods that the workload is to have
   */
  async problem(replicas: number): Promise<string | undefined> {
    try {
      const pods = await this.pods();
      const ready = pods.filter(isReady);
      if (pods.length !== replicas || ready.length !== replicas)
        return `${ready.length} of ${replicas} pods are ready`;
      const [first] = pods;
      const name = first?.metadata?.name ?? "";
      const text = await this.redis(name, "--cluster", "check", "127.0.0.1:6379").catch(
        (error: ApiError) => `[ERR] ${error.message}`,
      );
      const wrong = text.split("\n").filter((line) => /\[(ERR|WARNING)\]/.test(line));
      if (wrong.length > 0 || !text.includes("All 16384 slots covered")) return wrong[0] ?? text.slice(-200);
      const known = parseClusterNodes(await this.redis(name, "cluster", "nodes"));
      const bad = known.filter(({ isHealthy }) => !isHealthy);
      if (bad.length > 0 || known.length !== replicas)
        return `${name} knows ${known.length} nodes, ${bad.length} of them failed`;
      return undefined;
    } catch (error) {
      if (error instanceof ApiError) return error.message;
      throw error;
    }
  }

  /** Waits until the cluster is whole. @returns when, epoch ms; or what was wrong at the end of the time */
  async whole(replicas: number, timeoutMs: number, signal: AbortSignal): Promise<number | string> {
    let problem: string | undefined = "";
    const atMs = await poll({ timeoutMs, intervalMs: 500, signal }, async () => {
      problem = await this.problem(replicas);
      return problem === undefined && Date.now();
    });
    return atMs ?? problem ?? "";
  }

  /** What explains a cluster that is not whole: each pod's table and last log lines. */
  async evidence(): Promise<string> {
    const pods = await this.pods().catch(() => []);
    const texts = await Promise.all(
      pods.map(async ({ metadata, spec, status }) => {
        const name = metadata?.name ?? "";
        const table = await this.redis(name, "cluster", "nodes").catch((error: Error) => error.message);
        const names = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((each) => each.name);
        const logs = await Promise.all(
          names.map(async (each) => {
            const path = `${podPath(this.#namespace, name)}/log?tailLines=15&container=${each}`;
            return `--- ${name} ${each}\n${await this.#api.getText(path).catch((error: Error) => error.message)}`;
          }),
        );
        return [`== ${name} ${status?.podIP} ${status?.phase}`, table, ...logs].join("\n");
      }),
    );
    return texts.join("\n");
  }
}

/** Whether a pod is ready and stays. */
export function isReady({ metadata, status }: V1Pod): boolean {
  return (
    metadata?.deletionTimestamp === undefined &&
    status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true
  );
}
