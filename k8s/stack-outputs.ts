import type { LoadTestConfig, ScenarioConfig } from "../config/schema.ts";

export { type GateConfig, type GateMetric, type GateUnit, gateMetrics } from "../config/gate-metrics.ts";
export type { RequestKind, ScenarioConfig } from "../config/schema.ts";

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
export interface LoadTestPlan extends Omit<LoadTestConfig, "scenarios"> {
  /** A list, because Pulumi gives an object's keys back in the order of the alphabet. */
  scenarios: (ScenarioConfig & { name: string })[];
}
