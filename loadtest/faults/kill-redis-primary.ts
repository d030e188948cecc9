import type { RedisUser } from "../../contract/redis-users.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError } from "../../host/cluster-api.ts";
import { type ReadyPod, readyPods } from "../observe/ready-pods.ts";
import { defineFault, type FaultContext } from "./fault.ts";
import { killProcess } from "./kill-process.ts";

export const killRedisPrimary = defineFault({
  name: "kill-redis-primary",
  about: "SIGKILL to the Redis server of one primary",
  target: "redis",
  needs: "create pods/exec and delete pods",
  async check(context) {
    await findPrimary(context);
  },
  async inject(context) {
    return killProcess(await findPrimary(context), context);
  },
});

/** The server's container, which has Redis' client and its password. */
const clientContainer = "redis";
const user: RedisUser = "pod";
const roleCommand = ["redis-cli", "-h", "127.0.0.1", "--user", user, "role"];

/** The role that a Redis node reports. */
export interface RedisRole {
  primary: boolean;
  /** Connected replicas. */
  replicas: number;
}

/** Parses the output of `redis-cli role` without a terminal: one element of the reply per line. */
export function parseRole(text: string): RedisRole {
  const [kind, , ...replicaLines] = text.split("\n").filter((line) => line.trim() !== "");
  const primary = kind?.trim() === "master";
  // Each replica has three lines: host, port and offset.
  return { primary, replicas: primary ? Math.floor(replicaLines.length / 3) : 0 };
}

/**
 * The first primary that has a replica to replace it, else the first primary.
 *
 * @throws {UserError} when no pod reports that it is a primary.
 */
async function findPrimary({ outputs, api }: FaultContext): Promise<ReadyPod> {
  const pods = await readyPods("redis", outputs, api);
  const errors: ApiError[] = [];
  const roles = await Promise.all(
    pods.map(async (target) => {
      try {
        const at = { namespace: target.namespace, pod: target.pod, container: clientContainer };
        return { target, ...parseRole(await api.exec(at, roleCommand)) };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        errors.push(error);
        return { target, primary: false, replicas: 0 };
      }
    }),
  );
  const primaries = roles.filter(({ primary }) => primary);
  const chosen = primaries.find(({ replicas }) => replicas > 0) ?? primaries[0];
  if (chosen) return chosen.target;
  const [first] = errors;
  throw new UserError(
    `no Redis pod says that it is a primary${first ? `; ${first.message}` : ""}`,
    first
      ? "the load test needs to create pods/exec; see whether kubectl exec works"
      : "see whether the cluster is formed: npm run status",
    { cause: first },
  );
}
