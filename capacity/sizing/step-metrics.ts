import type { Workload } from "../../contract/outputs.ts";

/** CPU time of the pods of one role during a step. */
export interface RoleCpu {
  role: Workload["role"];
  pods: number;
  /** Of all pods together, in cores. */
  cores: number;
  /** Of the busiest pod, in cores. */
  busiestCores: number;
  /** CPU limit of a pod; null: none. */
  limitCores: number | null;
}

/** What could have limited the stack in a step. Null where it could not be observed. */
export interface StepMetrics {
  cpu: RoleCpu[];
  /** The busiest node, load generator included if it runs there. */
  node: { name: string; cores: number; ofCores: number } | null;
  /** Share of the 100 ms periods in which the CPU limit slowed the worst API pod down, 0 … 1. */
  apiThrottled: number | null;
  /** 99th percentile of the event-loop delay of the worst API pod. */
  eventLoopP99Ms: number | null;
  /** Database connections of the API pod that had the most queries waiting for one. */
  databasePool: { used: number; total: number; waiting: number } | null;
  /** Requests that the API refused because of load. */
  shed: number | null;
}
