import type { GateConfig } from "../contract/gate-metrics.ts";
import type { ScenarioConfig } from "../contract/outputs.ts";

/** Bytes; in stack config a text with its unit, e.g. `192 MiB`. */
export type Bytes = number;
/** Milliseconds; in stack config a text with its unit, e.g. `30 s`. */
export type Milliseconds = number;
/** Thousandths of a CPU; in stack config Kubernetes' spelling, e.g. `250m` or `0.5`. */
export type Millicpu = number;

/** Stack config as it stands in the file: one JSON value per top-level key, nothing checked yet. */
export type RawConfig = Record<string, unknown>;

/** Stack config with defaults applied, every value parsed and within its range. */
export interface StackConfig {
  cluster: ClusterConfig;
  registry: RegistryConfig;
  images: ImagesConfig;
  api: ApiConfig;
  nginx: NginxConfig;
  redis: RedisConfig;
  database: DatabaseConfig;
  loadtest: LoadTestConfig;
}

export interface ClusterConfig {
  /** Absent: the embedded cluster. */
  kubeContext?: string;
  /** Path of one kubeconfig file; read only together with kubeContext. */
  kubeconfig?: string;
  namespace?: string;
  /** Address of the cluster's DNS Service, which Nginx asks for the API pods. Absent: read from kube-system/kube-dns. */
  dnsAddress?: string;
  /** Absent: the cluster's default class. */
  storageClass?: string;
}

export interface RegistryConfig {
  /** Host and path in front of `breakwater/api`. */
  address: string;
  username?: string;
  /** Secret. */
  password?: string;
}

export interface ImagesConfig {
  node: string;
  nginx: string;
  redis: string;
  postgres: string;
}

/** What every workload may be given. */
export interface ContainerConfig {
  /** Memory request and limit. */
  memory: Bytes;
  /** CPU limit. */
  cpu: Millicpu;
  /** CPU request: what the scheduler sets aside. */
  cpuRequest: Millicpu;
}

export interface ApiConfig extends ContainerConfig {
  /** Pods of the only pool; ignored when pools are given. */
  replicas: number;
  pools?: PoolConfig[];
  /** Processes that serve in each pod; `max`: as many as its CPU and memory make sense of. */
  workers: number | "max";
  /** Most of one upload. */
  uploadMax: Bytes;
  /** Room for uploads in each pod, gone with it; absent: an upload is read, hashed and discarded. */
  uploadVolume?: Bytes;
  /** More variables for the API's containers. */
  env: Record<string, string>;
  cacheTtlSeconds: number;
  logLevel: LogLevel;
  /** From readiness dropping to the first refused connection. */
  shutdownDelay: Milliseconds;
  /** Longest wait for requests in flight. */
  shutdownTimeout: Milliseconds;
}

/** As pino names them. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

export interface PoolConfig {
  name: string;
  replicas: number;
  /** Share of the traffic, against the other pools' weights. */
  weight: number;
  /** Gets traffic only when every other pool is gone. */
  backup: boolean;
  /** Another image than the one built from this checkout. */
  image?: string;
}

export type Balance = "round-robin" | "least-conn" | "random-two" | "ip-hash" | "hash" | "least-time";

export interface NginxConfig extends ContainerConfig {
  replicas: number;
  serviceType: "NodePort" | "ClusterIP" | "LoadBalancer";
  nodePort?: number;
  /** Where clients reach Nginx, when the stack cannot know it (Ingress, NodePort of a remote cluster). */
  publicUrl?: string;
  balance: Balance;
  /** Nginx variable that `balance: hash` hashes. */
  hashKey: string;
  /** Idle connections kept per worker process to the pods. */
  keepalive: number;
  workerConnections: number;
  connectTimeout: Milliseconds;
  /** Between two reads from, or writes to, a pod. */
  timeout: Milliseconds;
  /** Failed tries within failTimeout after which a pod is left alone for failTimeout. */
  maxFails: number;
  failTimeout: Milliseconds;
  maxBody: Bytes;
  accessLog: boolean;
}

export interface RedisConfig extends ContainerConfig {
  shards: number;
  replicasPerShard: number;
  storage: Bytes;
  /** Silence after which the other nodes call a node failed. */
  nodeTimeout: Milliseconds;
}

export interface DatabaseConfig extends ContainerConfig {
  storage: Bytes;
  /** User and group of the server: initdb wants one that the image's /etc/passwd knows. */
  runAsUser: number;
  /** Secret. An outside PostgreSQL; then none is deployed. */
  url?: string;
}

export interface LoadTestConfig {
  /** Connections held open by each scenario. */
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** Users seeded before the run: ids 1 … users. */
  users: number;
  /** Threads that make the load. */
  threads: number;
  /** By name, in the order in which they run. */
  scenarios: Record<string, ScenarioConfig>;
  /** One for each figure that is limited, those of the defaults included. */
  gates: GateConfig[];
}
