import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { tryCommand } from "../../host/run-command.ts";
import type { RedisClusterView, RedisPod } from "./redis-cluster.ts";

const effectMs = 20_000;
const podNameLabel = "statefulset.kubernetes.io/pod-name";

/**
 * Cuts groups of pods off from all other pods by NetworkPolicies. The members of a group still reach each other. The kubelet's probes
 * and this machine reach them too.
 */
export class Partition {
  readonly #api: ClusterApi;
  readonly #namespace: string;
  #policies: string[] = [];

  constructor(api: ClusterApi, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /**
   * Returns when the policies are enforced, and the connections of before are cut: a policy alone lets them go on.
   *
   * @returns when it began to cut them, epoch ms
   * @throws {UserError} when they are not enforced in time
   */
  async cut(
    view: RedisClusterView,
    groups: readonly (readonly RedisPod[])[],
    outside: RedisPod,
  ): Promise<number> {
    for (const [index, group] of groups.entries()) {
      const name = `prove-redis-${index}`;
      this.#policies.push(name);
      const members = {
        matchExpressions: [{ key: podNameLabel, operator: "In", values: group.map((pod) => pod.name) }],
      };
      await this.#api.apply(this.#path(name), {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name, namespace: this.#namespace },
        spec: {
          podSelector: members,
          policyTypes: ["Ingress", "Egress"],
          ingress: [{ from: [{ podSelector: members }] }],
          egress: [{ to: [{ podSelector: members }] }],
        },
      });
    }
    const pods = groups.flat();
    const what = "the partition's NetworkPolicies to be enforced";
    const fix = "npm run status shows whether the embedded cluster enforces them";
    await pollUntil({ what, fix, timeoutMs: effectMs, intervalMs: 100 }, async () => {
      const replies = await Promise.all(
        pods.map((pod) => view.redis(outside.name, "-h", pod.ip, "-t", "1", "ping").catch(() => "")),
      );
      return replies.every((reply) => !reply.includes("PONG"));
    });
    const sides = ["--orig-src", "--orig-dst", "--reply-src"];
    const atMs = Date.now();
    await Promise.all(pods.flatMap(({ ip }) => sides.map((side) => forgetConnections(side, ip))));
    return atMs;
  }

  /** Removes the policies. May be called at any time. */
  async heal(): Promise<void> {
    for (const name of this.#policies.splice(0))
      await this.#api.delete(this.#path(name)).catch((error: unknown) => {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      });
  }

  #path(name: string): string {
    return `/apis/networking.k8s.io/v1/namespaces/${this.#namespace}/networkpolicies/${name}`;
  }
}

/** Forgets the known connections of a pod's address, so that their packets meet the policies. */
async function forgetConnections(side: string, ip: string): Promise<void> {
  for (;;) {
    const { exitCode, stderr } = await tryCommand("conntrack", ["-D", side, ip]);
    // Exit code 1 is also that of no such connection.
    if (exitCode === 0 || stderr.includes("0 flow entries")) return;
    // The entry ended, or another side removed it, between its listing and its removal. Others may be left.
    if (!stderr.includes("such conntrack doesn't exist"))
      throw new UserError(`conntrack cannot cut connections: ${stderr.trim()}`, "run the proof as root");
  }
}
