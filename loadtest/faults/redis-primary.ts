import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi } from "../../host/cluster-api.ts";
import type { Target } from "./target.ts";

/** A container beside the server that has a shell, Redis' client, its password and `PORT`. */
const clientContainer = "rejoin";
const askRole = ["sh", "-c", 'redis-cli -h 127.0.0.1 -p "$PORT" role'];

/** What a node says of itself. */
export interface RedisRole {
  primary: boolean;
  /** Replicas that are connected to it. */
  replicas: number;
}

/** Reads what `redis-cli role` prints where nobody watches: the reply's elements, one a line. */
export function parseRole(text: string): RedisRole {
  const [kind, , ...replicaLines] = text.split("\n").filter((line) => line.trim() !== "");
  const primary = kind?.trim() === "master";
  // Host, port and offset of each.
  return { primary, replicas: primary ? Math.floor(replicaLines.length / 3) : 0 };
}

/**
 * The first primary that has a replica to take over from it, else the first primary.
 *
 * @throws UserError when no pod says that it is one. @throws ApiError when the pods may not be asked.
 */
export async function redisPrimary(pods: readonly Target[], api: ClusterApi): Promise<Target> {
  const trouble: ApiError[] = [];
  const roles = await Promise.all(
    pods.map(async (target) => {
      try {
        const at = { namespace: target.namespace, pod: target.pod, container: clientContainer };
        return { target, ...parseRole(await api.exec(at, askRole)) };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        trouble.push(error);
        return { target, primary: false, replicas: 0 };
      }
    }),
  );
  const primaries = roles.filter(({ primary }) => primary);
  const chosen = primaries.find(({ replicas }) => replicas > 0) ?? primaries[0];
  if (chosen) return chosen.target;
  const [first] = trouble;
  throw new UserError(
    `no Redis pod says that it is a primary${first ? `; ${first.message}` : ""}`,
    first
      ? "the load test needs to create pods/exec; see whether kubectl exec works"
      : "see whether the cluster is formed: npm run status",
    { cause: first },
  );
}
