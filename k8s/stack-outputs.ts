/**
 * What a deployed stack tells the outside. `index.ts` exports exactly this; `loadtest/` and `e2e/` read it with
 * `pulumi stack output --json`. Changing it is changing a contract.
 */
export interface StackOutputs {
  /** Where Nginx answers, without a trailing slash, e.g. `http://127.0.0.1:30080`. */
  endpoint: string;
  namespace: string;
  /** How to reach the cluster that this stack lives in. */
  cluster: { kubeconfig: string; kubeContext: string };
  apiImage: string;
  workloads: Workload[];
  /** The load test's dials from stack config, defaults applied. */
  loadtest: LoadTestPlan;
}

export interface Workload {
  name: string;
  kind: "Deployment" | "StatefulSet";
  role: "api" | "nginx" | "redis" | "database";
  replicas: number;
  /** Labels that select exactly this workload's pods. */
  selector: Record<string, string>;
  memoryLimitBytes: number;
}

export interface LoadTestPlan {
  /** Connections held open by each scenario. */
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** Users seeded before the run: ids 1 … users. */
  users: number;
  gates: GateLimits;
}

export interface GateLimits {
  /** Highest p99 per scenario name, in milliseconds; a scenario without an entry has no latency gate. */
  p99Ms: Record<string, number>;
  /** Highest share of requests that failed (connection errors, time-outs, non-2xx), 0 … 1. */
  errorRate: number;
  /** Fewest completed requests per scenario for its percentiles to count. */
  minSamples: number;
  /** Highest memory peak of any pod as share of its limit, 0 … 1. */
  memoryPeak: number;
  restarts: number;
  oomKills: number;
  podsReplaced: number;
}
