import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import type { CheckLine, CheckProgress, RedisCheckReport } from "../../contract/redis-check.ts";
import { type RedisUser, redisUsersSecret } from "../../contract/redis-users.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi, deploymentPath, podPath } from "../../host/cluster-api.ts";
import { poll, pollUntil } from "../../host/poll.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";

/** What a check does. */
export interface CheckPodSettings {
  seconds: number;
  /** Writes per second, and as many reads. */
  rate: number;
  keys: number;
  /** Data that is written once before the check and verified at its end. */
  ballast?: { keys: number; mib: number; fields: number } | undefined;
}

const podName = "redis-check";
const container = "check";
const startMs = 60_000;
/** Time for the report after the end of the writes: all keys are read and removed. */
const reportMs = 180_000;
const removalMs = 60_000;
const passwordMount = "/var/lib/redis-password";
const user: RedisUser = "check";

/**
 * A pod of the API's image in the stack's namespace that runs the program `redis.js check`. It reaches Redis on every cluster, as the
 * API does: by the names of the nodes, but as a user of its own. Its output is read as the pod's log.
 */
export class CheckPod {
  readonly #api: ClusterApi;
  readonly #namespace: string;

  /** The pod of this name, which need not exist. */
  constructor(api: ClusterApi, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /**
   * Starts the pod and waits until it writes.
   *
   * @throws {UserError} when it does not start, with its last words
   * @throws {ApiError} when the cluster refuses
   */
  static async start(
    api: ClusterApi,
    outputs: ReachedStack,
    settings: CheckPodSettings,
    signal?: AbortSignal,
  ): Promise<CheckPod> {
    const pod = new CheckPod(api, outputs.namespace);
    await pod.remove();
    const deployment = await apiDeployment(api, outputs);
    await api.create(podPath(outputs.namespace), checkPodOf(deployment, outputs.namespace, settings));
    const timeoutMs = startMs + (settings.ballast === undefined ? 0 : reportMs);
    const what = `the pod ${podName} to write keys`;
    try {
      await pollUntil(
        { what, fix: pod.#fix, timeoutMs, intervalMs: 250, ...(signal && { signal }) },
        async () => {
          await pod.#requireAlive();
          return (await pod.progress()) !== undefined;
        },
      );
    } catch (error) {
      await pod.remove();
      throw error;
    }
    return pod;
  }

  /** The newest counters; undefined before the first ones, and while the API server does not respond. */
  async progress(): Promise<CheckProgress | undefined> {
    const lines = linesOf(await this.#log("?tailLines=3").catch(() => ""));
    return lines.findLast((line) => "progress" in line)?.progress;
  }

  /** Ends the writes early. */
  async end(): Promise<void> {
    const at = { namespace: this.#namespace, pod: podName, container };
    await this.#api.exec(at, ["node", "-e", "process.kill(1, 'SIGTERM')"], 20_000);
  }

  /** Waits for the report. @throws {UserError} when none comes in time, with the pod's last words */
  async report(secondsLeft: number, signal?: AbortSignal): Promise<RedisCheckReport> {
    const timeoutMs = secondsLeft * 1000 + reportMs;
    const timing = { timeoutMs, intervalMs: 500, ...(signal && { signal }) };
    const report = await poll(timing, async () => {
      // A short tail: the report is the last line.
      const found = linesOf(await this.#log("?tailLines=2").catch(() => "")).find((line) => "report" in line);
      if (found === undefined) await this.#requireAlive();
      return found?.report;
    });
    if (report !== undefined) return report;
    throw new UserError(`${podName} gave no report in ${timeoutMs / 1000} s`, this.#fix);
  }

  /** Removes the pod; its program removes its keys before. */
  async remove(): Promise<void> {
    const path = podPath(this.#namespace, podName);
    const isGone = (error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return true;
      throw error;
    };
    if (await this.#api.delete(path).then(() => false, isGone)) return;
    await pollUntil(
      { what: `the pod ${podName} to be gone`, fix: this.#fix, timeoutMs: removalMs, intervalMs: 250 },
      () => this.#api.getJson(path).then(() => false, isGone),
    );
  }

  get #fix(): string {
    return `kubectl -n ${this.#namespace} describe pod ${podName}; kubectl -n ${this.#namespace} logs ${podName}`;
  }

  #log(query: string): Promise<string> {
    return this.#api.getText(`${podPath(this.#namespace, podName)}/log${query}`, 10_000);
  }

  async #requireAlive(): Promise<void> {
    const pod = await this.#api.getJson<V1Pod>(podPath(this.#namespace, podName)).catch(() => undefined);
    if (pod?.status?.phase !== "Failed") return;
    const words = (await this.#log("?tailLines=5").catch(() => "")).trim();
    throw new UserError(`the pod ${podName} failed: ${words}`, this.#fix);
  }
}

/** The lines of JSON in a log; others are left out. */
function linesOf(log: string): { progress?: CheckProgress; report?: RedisCheckReport }[] {
  return log.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as CheckLine];
    } catch {
      return [];
    }
  });
}

async function apiDeployment(api: ClusterApi, outputs: ReachedStack): Promise<V1Deployment> {
  const workload = outputs.workloads.find(({ role }) => role === "api");
  if (workload === undefined) throw new UserError("the stack has no API", "deploy the stack: pulumi up");
  return api.getJson<V1Deployment>(deploymentPath(outputs.namespace, workload.name));
}

/**
 * The pod, made from the API's Deployment: the same image, nodes of Redis and restrictions, without the API's labels, so that
 * no Service and no policy of the API selects it.
 */
export function checkPodOf(deployment: V1Deployment, namespace: string, settings: CheckPodSettings): V1Pod {
  const template = deployment.spec?.template.spec;
  const main = template?.containers.find(({ name }) => name === "api") ?? template?.containers[0];
  if (template === undefined || main === undefined)
    throw new UserError("the API's Deployment has no container", "deploy the stack again: pulumi up");
  const { keys = 0, mib = 0, fields = 0 } = settings.ballast ?? {};
  const values = {
    CHECK_SECONDS: settings.seconds,
    CHECK_RATE: settings.rate,
    CHECK_KEYS: settings.keys,
    CHECK_BALLAST_KEYS: keys,
    CHECK_BALLAST_MIB: mib,
    CHECK_BALLAST_FIELDS: fields,
    REDIS_USERNAME: user,
    REDIS_PASSWORD_FILE: `${passwordMount}/${user}`,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName,
      namespace,
      labels: { "app.kubernetes.io/name": podName, "app.kubernetes.io/component": "cache" },
    },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 30,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(template.securityContext && { securityContext: template.securityContext }),
      ...(template.imagePullSecrets && { imagePullSecrets: template.imagePullSecrets }),
      ...(template.nodeSelector && { nodeSelector: template.nodeSelector }),
      ...(template.tolerations && { tolerations: template.tolerations }),
      ...(template.priorityClassName && { priorityClassName: template.priorityClassName }),
      containers: [
        {
          name: container,
          ...(main.image && { image: main.image }),
          args: ["redis.js", "check"],
          env: [
            ...(main.env ?? []).filter(({ name }) => name === "REDIS_NODES"),
            ...Object.entries(values).map(([name, value]) => ({ name, value: String(value) })),
            // The password of the start. The file has the newest one, about a minute after a rotation.
            { name: "REDIS_PASSWORD", valueFrom: { secretKeyRef: { name: redisUsersSecret, key: user } } },
          ],
          ...(main.securityContext && { securityContext: main.securityContext }),
          resources: {
            requests: { cpu: "10m", memory: "96Mi" },
            limits: { cpu: "1", memory: "256Mi" },
          },
          volumeMounts: [{ name: "password", mountPath: passwordMount, readOnly: true }],
        },
      ],
      volumes: [
        {
          name: "password",
          secret: { secretName: redisUsersSecret, optional: true, items: [{ key: user, path: user }] },
        },
      ],
    },
  };
}
