import { redisHandoverSeconds, redisShutdownSeconds } from "../config/derive.ts";
import type { RedisServer } from "../config/sections/redis.ts";
import type { RedisUser } from "../contract/redis-users.ts";

const replicaUser: RedisUser = "replica";

/** Settings that redis.conf depends on. */
export interface RedisConfOptions {
  /** Maximum size of the data. The container's limit must leave room for the process, its buffers and copies on write. */
  maxmemoryBytes: number;
  /** Password of the user `replica`, with which nodes log in at each other; printable, not empty. */
  replicaPassword: string;
  /** Password of the user `pod`. Programs of the pod use it; printable, not empty. */
  podPassword: string;
  /** The server that reads the configuration. Default: redis. */
  server?: RedisServer;
  /** Time without a reply after which a node counts as failed, in milliseconds, from 100 to 3,600,000. Default: 2000. */
  nodeTimeoutMs?: number;
  /** Folder of the append-only file and of the node's own table of the cluster. Default: `/data`. */
  dataDir?: string;
  /** From 1 to 55,535. Default: 6379. */
  port?: number;
}

/**
 * Renders redis.conf, which is the same for every node of the cluster, without its users (redis-users.ts). Each node gets its host name on the command line:
 * `--cluster-announce-hostname <name>`.
 *
 * @throws {RangeError} when a number is out of range.
 * @throws {TypeError} when a text is empty or has control characters.
 */
export function renderRedisConf(options: RedisConfOptions): string {
  const { maxmemoryBytes, server = "redis" } = options;
  const { nodeTimeoutMs = 2000, dataDir = "/data", port = 6379 } = options;
  wholeNumber("maxmemoryBytes", maxmemoryBytes, 1, Number.MAX_SAFE_INTEGER);
  wholeNumber("nodeTimeoutMs", nodeTimeoutMs, 100, 3_600_000);
  // The cluster bus listens on the port 10,000 above.
  wholeNumber("port", port, 1, 55_535);
  const replicaPassword = quoted("replicaPassword", options.replicaPassword);
  const podPassword = quoted("podPassword", options.podPassword);

  return `# Who may come in
port ${port}
protected-mode no
# Of the user default, which is off as soon as the users are given. redis-run.sh gives them, but not to a server that only reads files.
requirepass ${podPassword}
masteruser ${replicaUser}
masterauth ${replicaPassword}
tcp-keepalive 60

# Cluster
cluster-enabled yes
cluster-config-file nodes.conf
cluster-node-timeout ${nodeTimeoutMs}
cluster-preferred-endpoint-type hostname
# A shard that is down takes its own keys with it, not the others'.
cluster-require-full-coverage no
# Replicas stay where they were put.
cluster-allow-replica-migration no
# A replica whose data is older than this many node timeouts (and 10 s) is not promoted: its values may be outdated.
cluster-replica-validity-factor 10
repl-diskless-sync-delay 0

# Memory
maxmemory ${maxmemoryBytes}
maxmemory-policy allkeys-lru
lazyfree-lazy-eviction yes
lazyfree-lazy-expire yes
lazyfree-lazy-user-del yes

# Disk
dir ${quoted("dataDir", dataDir)}
appendonly yes
appendfsync everysec
no-appendfsync-on-rewrite yes
auto-aof-rewrite-min-size 16mb
save ""
# A primary that stops waits this long for its replicas.
shutdown-timeout ${redisShutdownSeconds}
${server === "valkey" ? valkeyConf(maxmemoryBytes) : ""}`;
}

/** Directives that Redis does not have, or has other defaults for. */
function valkeyConf(maxmemoryBytes: number): string {
  return `
# Valkey
# Writes wait at most this long for a handover, and for the end of a move of slots (valkey.conf). The preStop hook hands over,
# not shutdown-on-sigterm: see docs/decisions.md#handover-before-a-stop.
cluster-manual-failover-timeout ${redisHandoverSeconds.attempt * 1000}
# The rest that a move may still have to send when it pauses writes. By default it waits until nothing is left (valkey.conf).
slot-migration-max-failover-repl-bytes 1mb
# Writes during the snapshot of a move, or of a new replica. The default of 256 MB is more than the container has beside maxmemory.
client-output-buffer-limit replica ${Math.floor(maxmemoryBytes / 2)} ${Math.floor(maxmemoryBytes / 4)} 60
# The controller reads the whole list of moves each time.
cluster-slot-migration-log-max-len 100
# More threads have broken moves under writes (valkey#4545).
io-threads 1
`;
}

function wholeNumber(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name}: ${value} must be a whole number from ${min} to ${max}`);
  }
}

/** Quotes a text for redis.conf, which must not be empty: escapes backslashes and double quotes. */
function quoted(name: string, text: string): string {
  if (text === "") throw new TypeError(`${name}: must not be empty`);
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 32 || code === 127) throw new TypeError(`${name}: must not hold control characters`);
  }
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
