import { cacheZoneBytes } from "./cache-size.ts";
import type { PoolPlan } from "./derive.ts";
import { hasRetryBudget } from "./retry-budget.ts";
import { defaultConnections, type NginxConfig } from "./sections/nginx.ts";
import { hasTls } from "./sections/nginx-tls.ts";
import { type Bytes, KiB, MiB } from "./units.ts";

// Measured with Nginx 1.30.6 as proportional set sizes: 15 MiB with one worker process, 2.6 MiB for each further one, and
// 424 bytes for each connection that a worker process may have.
const baseBytes = 15 * MiB;
const workerBytes = 3 * MiB;
const connectionBytes = 448;

// Measured with Nginx 1.30.6, 600 to 5,000 connections at a time: what clients can make the gateway keep, beside the headers
// that are still arriving. A request or a response that is slow, the state of TLS, and a request of HTTP/2 with a slow body.
const slowBytes = 10 * KiB;
const tlsBytes = 30 * KiB;
const streamBytes = 18 * KiB;
/** The first message of a handshake may have 128 KiB: OpenSSL has no option for it. */
const handshakeBytes = 160 * KiB;
/** Number of buffers for the headers of a request, of `nginx.limits.headerLine` each. */
export const headerBuffers = 4;
/** Connections that each worker process has at least, if `nginx.workerConnections` is not given. */
const fewestConnections = 128;

// From the source of Nginx 1.30, on 64 bits: a client's node of `limit_req` takes a slot of 128 bytes, one of `limit_conn`
// a slot of 64. Each page of 4096 bytes has a descriptor of 24 bytes.
const requestSlotBytes = 128;
const connectionSlotBytes = 64;
const pageBytes = 4096;
const pageDescriptorBytes = 24;
/** The zone's own state, and the smallest zone that Nginx takes. */
const zoneBytes = 64 * KiB;
/** Bytes of the zone with TLS sessions of clients without tickets; 1 MiB has room for some 4000. */
export const tlsSessionBytes = 2 * MiB;

// Measured with Nginx 1.30.6 and njs 1.0.2: the JavaScript module takes 4 MiB, and 1 MiB more in each worker process.
const jsBytes = 4 * MiB;
const jsWorkerBytes = MiB;
/** The module with the program of `nginx.retryBudget` alone, after 2,000 requests: 2.7 MiB, and 2.8 with four workers. */
const retryBudgetBytes = 3 * MiB;
/** A pod's counters: a slot of 128 bytes for each class of status and bucket of the histogram that occurs. */
const podCounterBytes = 4 * KiB;

/** Share of pods that a rollout may add to a pool; also `maxSurge` of the API's Deployments. */
export const surgeShare = 0.34;

/** Number of worker processes of Nginx: the CPU limit, rounded up. */
export function nginxWorkers({ cpu }: Pick<NginxConfig, "cpu">): number {
  return Math.max(1, Math.ceil(cpu / 1000));
}

/** Idle connections to pods that each worker process keeps open (docs/decisions.md#idle-connections-to-pods). */
export function idleConnections(nginx: NginxConfig, pools: readonly Replicas[]): number {
  return nginx.keepalive ?? Math.min(1024, Math.floor(openConnections(nginx, pools) / 4));
}

type Replicas = Pick<PoolPlan, "replicas">;

/** Sum of the weights of all pods during a rollout, which the values of `balance: hash` are divided among. */
export function hashWeight(pools: readonly PoolPlan[]): number {
  return pools.reduce(
    (sum, { replicas, podWeight }) => sum + Math.ceil(replicas * (1 + surgeShare)) * podWeight,
    0,
  );
}

/** Sizes of the shared memory in which Nginx counts the requests of each client; 0 for a limit that is not used. */
export interface ClientZones {
  /** For `nginx.limits.requestsPerSecond`. A full zone forgets the client that was idle for longest. */
  rates: Bytes;
  /** For `nginx.limits.concurrentRequests`. A full zone would refuse everybody, so it has room for every connection. */
  concurrent: Bytes;
}

/** Computes the sizes of the zones for the clients' limits. */
export function clientZones(nginx: Pick<NginxConfig, "limits" | "cpu" | "workerConnections">): ClientZones {
  const { requestsPerSecond, concurrentRequests, clients } = nginx.limits;
  const connections = nginxWorkers(nginx) * nginx.workerConnections;
  return {
    rates: requestsPerSecond === undefined ? 0 : slotBytes(clients, requestSlotBytes),
    concurrent: concurrentRequests === undefined ? 0 : slotBytes(connections, connectionSlotBytes),
  };
}

/** Size of a zone with so many slots, in whole KiB. */
function slotBytes(slots: number, bytes: number): Bytes {
  const pages = Math.ceil((slots * bytes) / pageBytes);
  return Math.ceil((pages * (pageBytes + pageDescriptorBytes) + zoneBytes) / KiB) * KiB;
}

/** Size of the metrics' counters, with those of the pods of an earlier rollout. */
export function metricsZoneBytes(pools: readonly Replicas[]): Bytes {
  const pods = pools.reduce((sum, { replicas }) => sum + Math.ceil(replicas * (1 + surgeShare)), 0);
  return MiB + 2 * pods * podCounterBytes;
}

/** Memory that a gateway pod takes before its first connection. */
export function idleMemory(nginx: NginxConfig, pools: readonly Replicas[]): Bytes {
  const perWorker = workerBytes + nginx.workerConnections * connectionBytes;
  const { rates, concurrent } = clientZones(nginx);
  const sessionBytes = hasTls(nginx.tls) ? tlsSessionBytes : 0;
  // Two more processes look after the kept responses.
  const cacheBytes = nginx.cache.paths.length === 0 ? 0 : cacheZoneBytes(nginx.cache) + 2 * workerBytes;
  const metricsBytes = nginx.metrics
    ? jsBytes + nginxWorkers(nginx) * jsWorkerBytes + metricsZoneBytes(pools)
    : 0;
  const retryBytes = hasRetryBudget(nginx) ? retryBudgetBytes : 0;
  const fixedBytes = baseBytes + sessionBytes + cacheBytes + metricsBytes + retryBytes;
  return Math.ceil(fixedBytes + nginxWorkers(nginx) * perWorker + rates + concurrent);
}

/** Maximum memory of a connection. Of HTTP/2, half as many requests as connections are in progress (`streamLimit`). */
function busyBytes({ tls, limits }: NginxConfig): Bytes {
  const headerBytes = headerBuffers * limits.headerLine;
  const plainBytes = slowBytes + headerBytes;
  if (!hasTls(tls)) return plainBytes;
  return Math.max(handshakeBytes, tlsBytes + plainBytes + (streamBytes + headerBytes) / 2);
}

/** Connections that each worker process may have; the default is as many as the memory has room for, whatever clients send. */
export function openConnections(nginx: NginxConfig, pools: readonly Replicas[]): number {
  if (nginx.workerConnections !== defaultConnections) return nginx.workerConnections;
  const room = (nginx.memory - idleMemory(nginx, pools)) / (nginxWorkers(nginx) * busyBytes(nginx));
  return Math.max(fewestConnections, Math.min(defaultConnections, Math.floor(room)));
}

/** Requests over HTTP/2 that all worker processes have in progress. Without a bound, one connection could have 128 of them. */
export function streamLimit(nginx: NginxConfig, pools: readonly Replicas[]): number {
  return Math.min(65_535, Math.floor((nginxWorkers(nginx) * openConnections(nginx, pools)) / 2));
}

/** Maximum memory that a gateway pod takes, with as many connections as it may have. */
export function gatewayMemory(nginx: NginxConfig, pools: readonly Replicas[]): Bytes {
  const connections = nginxWorkers(nginx) * openConnections(nginx, pools);
  return idleMemory(nginx, pools) + Math.ceil(connections * busyBytes(nginx));
}
