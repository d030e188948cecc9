import type { PoolPlan } from "../config/derive.ts";
import { idleConnections, surgeShare } from "../config/gateway-memory.ts";
import type { Balance, NginxConfig } from "../config/sections/nginx.ts";
import { type Bytes, KiB, MiB, type Milliseconds } from "../config/units.ts";
import { timeOf } from "./directive-times.ts";
import type { Directives } from "./directives.ts";
import { stickyPools } from "./sticky-pools.ts";

/** All addresses of one host name; each of them gets the weight. */
export interface UpstreamPool extends Omit<PoolPlan, "serviceName" | "image"> {
  /** `host:port`. */
  server: string;
}

/** What the upstreams are rendered from. */
export interface UpstreamSettings extends NginxConfig {
  pools: UpstreamPool[];
  /** Time for which the pods keep an idle connection. Default: that of the kit's runtime. */
  keepAlive?: Milliseconds;
}

/**
 * Idle time after which Nginx closes a connection to a pod with the kit's runtime, in milliseconds. The API keeps an idle connection
 * for longer. Otherwise Nginx could send a request on a connection that the API just closed.
 */
export const upstreamIdleMs = 55_000;
/** The same for other APIs: so long before they close it. */
const marginMs = 1000;

// Measured with Nginx 1.30.6: 973 pods fit into 1 MiB with host names of 65 to 256 characters, 1262 with shorter ones. A pod
// that is gone keeps its memory until its last request has ended, so that a rollout may need twice the memory.
const podBytes = 1088;
const zoneBaseBytes = 64 * KiB;

const balanceLines: Record<Balance, (settings: UpstreamSettings) => string[]> = {
  "round-robin": () => [],
  "least-conn": () => ["least_conn;"],
  "random-two": () => ["random two least_conn;"],
  "ip-hash": () => ["ip_hash;"],
  // Not `consistent`: docs/decisions.md#hashes-of-requests.
  hash: () => ["hash $hashed;"],
  "least-time": () => ["least_time header;"],
};

/**
 * The blocks `upstream`, whose servers are the addresses of the pools' host names: `api`, or one for each pool that clients
 * stay on. There the other pools are backups, so that the clients of a pool without a pod are served.
 */
export function upstream(settings: UpstreamSettings): Directives {
  const pools = usedPools(settings);
  const sticky = stickyPools(settings);
  if (sticky.length === 0) return { http: block("api", pools, settings, 1) };
  const blocks = sticky.map(({ name }) => {
    const others = pools.map((pool) => ({ ...pool, backup: pool.name !== name }));
    return block(name, others, settings, sticky.length);
  });
  return { http: blocks.join("\n") };
}

/** The pools that may take traffic: not those with a weight of 0. The pods of a pool without pods may be made by hand. */
export function usedPools({ pools }: Pick<UpstreamSettings, "pools">): readonly UpstreamPool[] {
  return pools.filter(({ share, replicas }) => share > 0 || replicas === 0);
}

/** Size of an upstream's zone. Pages that are not used take no memory (docs/decisions.md#gateway-zone). */
function zoneBytes(pools: readonly UpstreamPool[]): Bytes {
  const pods = pools.reduce((sum, { replicas }) => sum + Math.ceil(replicas * (1 + surgeShare)), 0);
  const needed = zoneBaseBytes + 2 * pods * podBytes;
  const steps = Math.ceil(Math.log2(Math.max(needed, pools.length * MiB) / MiB));
  return 2 ** steps * MiB;
}

function block(
  name: string,
  pools: readonly UpstreamPool[],
  settings: UpstreamSettings,
  upstreams: number,
): string {
  const lastResort = lastResorts(pools, settings);
  const { keepAlive } = settings;
  const lines = [
    `zone ${name} ${zoneBytes([...pools, ...lastResort]) / MiB}m;`,
    ...balanceLines[settings.balance](settings),
    ...pools.map((pool) => serverLine(pool, settings)),
    ...lastResort.map((pool) => serverLine(pool, { ...settings, maxFails: 0 })),
    `keepalive ${Math.ceil(idleConnections(settings, settings.pools) / upstreams)};`,
    "keepalive_requests 100000;",
    `keepalive_timeout ${timeOf("keepalive_timeout", keepAlive === undefined ? upstreamIdleMs : keepAlive - marginMs)};`,
  ];
  return [`upstream ${name} {`, ...lines.map((line) => `  ${line}`), "}"].join("\n");
}

const withBackup: readonly Balance[] = ["round-robin", "least-conn", "least-time"];

/**
 * All pods once more, for requests while every pod has failed `maxFails` times: one slow route would take all of them out, and
 * the other routes with it. Not with pools that are backups already, and not where it would double a pod's connections.
 */
function lastResorts(pools: readonly UpstreamPool[], settings: UpstreamSettings): UpstreamPool[] {
  const { balance, maxConnectionsPerPod } = settings;
  const isPossible = withBackup.includes(balance) && maxConnectionsPerPod === undefined;
  if (!isPossible || pools.some(({ backup }) => backup)) return [];
  return pools.map((pool) => ({ ...pool, backup: true }));
}

function serverLine(pool: UpstreamPool, settings: UpstreamSettings): string {
  const parts = [
    `server ${pool.server} resolve`,
    ...(pool.podWeight === 1 ? [] : [`weight=${pool.podWeight}`]),
    `max_fails=${settings.maxFails}`,
    `fail_timeout=${timeOf("fail_timeout", settings.failTimeout)}`,
    ...(settings.maxConnectionsPerPod === undefined ? [] : [`max_conns=${settings.maxConnectionsPerPod}`]),
    ...(pool.backup ? ["backup"] : []),
  ];
  return `${parts.join(" ")};`;
}
