import type { ApiPrefix } from "./api-prefix.ts";
import type { GateConfig } from "./gate-metrics.ts";
import type { NetworkSettings } from "./network.ts";

/**
 * Outputs of a deployed stack, exported by `index.ts`. Their readers, such as the load test and `e2e/`, get them from
 * `pulumi stack output --json`; a reader may belong to another version than the stack.
 */
export interface StackOutputs {
  /** URL of the gateway, without a trailing slash, for example `http://127.0.0.1:30080`. */
  endpoint: string;
  namespace: string;
  cluster: ClusterIdentity;
  /** Image name with its tag. */
  apiImage: string;
  /** Token for the API's internal routes; secret. */
  internalToken: string;
  workloads: Workload[];
  loadtest: LoadTestSettings;
  /** How clients check the gateway's certificate. Absent: by the authorities that they know, or there is no TLS. */
  tls?: TlsTrust;
  /** What the connections of the pods depend on. Absent in the outputs of an older program. */
  network?: NetworkSettings;
}

/** Trust in a certificate that the stack made itself. */
export interface TlsTrust {
  /** Certificate of the authority that signed the gateway's certificate, in PEM form. */
  authority: string;
  /** A host name in the gateway's certificate, which a load balancer's address is not. */
  serverName: string;
}

/**
 * The cluster that the stack is deployed to. Each reader reaches it by a kubeconfig of its own, whose paths and names may
 * differ from the deployer's (docs/decisions.md#no-paths-in-the-state).
 */
export interface ClusterIdentity {
  /** The context's name in the kubeconfig of the deployer. */
  kubeContext: string;
  /** Address of the API server in the kubeconfig of the deployer. Absent in the outputs of an older program. */
  server?: string;
  /** UID of the stack's namespace, which no other cluster has. Absent in the outputs of an older program. */
  namespaceUid?: string;
  /** `cluster.kubeconfig` as stack config spells it. Of an older program: an absolute path of the deployer. */
  kubeconfig?: string;
}

/** Every role that a workload can have. */
export const workloadRoles = ["api", "nginx", "redis", "database"] as const;

/** One Deployment or StatefulSet of the stack. */
export interface Workload {
  name: string;
  kind: "Deployment" | "StatefulSet";
  /** What the workload is for. Several workloads may share a role: every pool of the API has the role `api`. */
  role: (typeof workloadRoles)[number];
  replicas: number;
  /** Present when an autoscaler adds pods to `replicas`: their highest number. */
  maxReplicas?: number;
  /** Labels that select exactly this workload's pods. */
  selector: Record<string, string>;
  /** Memory limit of the pods' main container. */
  memoryLimitBytes: number;
}

/** Stack config of the load test, with defaults applied. */
export interface LoadTestSettings {
  /** Prefix that the gateway serves the API's paths under. Absent in the outputs of an older program: `/api/`. */
  apiPrefix?: ApiPrefix;
  /** Connections that each scenario keeps open. */
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** Number of users created before the run, with ids of their own (loadtest/load/users.ts). */
  users: number;
  /** Threads that generate the load. */
  threads: number;
  /** A list, because Pulumi returns an object's keys in alphabetical order (docs/decisions.md#scenarios-as-a-list). */
  scenarios: (ScenarioConfig & { name: string })[];
  /** Kinds of requests by name. Absent in the outputs of an older program. */
  requests?: Record<string, RequestConfig>;
  /** Defaults included; at most one for each metric and scenario or workload. */
  gates: GateConfig[];
}

/** One scenario of the load test. */
export interface ScenarioConfig {
  about?: string;
  /** Weight of each kind of request by its name: any numbers from 0, at least one of them above 0. */
  mix: Record<string, number>;
  /** Requests per second, sent at even times. Absent: each connection sends its next request after the last response. */
  rate?: number;
  /** Absent, as in the next two: the load test's own value. */
  connections?: number;
  durationSeconds?: number;
  warmupSeconds?: number;
  /** Requests that each connection sends before its first one of the mix, by their names. Absent, as the next one: an older program. */
  before?: readonly string[];
  /** Whether each connection keeps the cookies of responses. */
  cookies?: boolean;
  /** Whether the scenario is part of a run that names no scenario. */
  enabled: boolean;
}

/** A kind of request to an API of one's own. Its texts have generators: request-template.ts. */
export interface RequestConfig {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  headers: Record<string, string>;
  body?: string;
  expect: {
    /** Empty: all from 200 to 299. */
    statuses: readonly number[];
    contains?: string;
    /** Spelled values by JSON pointer (RFC 6901). */
    json: Record<string, string>;
    /** Bytes. */
    maxBody?: number;
  };
  /** Values of a right response for later requests of the same connection, by name: request-steps.ts. Absent: an older program. */
  keep?: Record<string, string>;
}
