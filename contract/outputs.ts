import type { GateConfig } from "./gate-metrics.ts";

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
  /** Opens the API's internal routes; secret. */
  internalToken: string;
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

/** The load test's part of stack config, defaults applied. */
export interface LoadTestPlan {
  /** Connections held open by each scenario. */
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** Users seeded before the run: ids 1 … users. */
  users: number;
  /** Threads that generate the load. */
  threads: number;
  /** A list, because Pulumi returns an object's keys in alphabetical order. */
  scenarios: (ScenarioConfig & { name: string })[];
  /** At most one for each metric and scenario or workload, defaults included. */
  gates: GateConfig[];
}

export interface ScenarioConfig {
  about?: string;
  /** Shares of the requests, any numbers; 0 leaves a kind out. */
  mix: Record<RequestKind, number>;
  /** Requests per second at even times; absent: as many as the connections carry. */
  rate?: number;
  connections?: number;
  durationSeconds?: number;
  warmupSeconds?: number;
  /** Part of a run that names no scenario. */
  enabled: boolean;
}

/** What one request does, in the words of the API. */
export type RequestKind = "light" | "read" | "write" | "heavy" | "upload";
