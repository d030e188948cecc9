import type { Workload } from "../../contract/outputs.ts";
import { wrongUsage } from "../errors.ts";

/** What `--fault` takes. */
export type FaultName =
  | "rollout"
  | "kill-api"
  | "pause-api"
  | "oom-api"
  | "kill-redis-primary"
  | "kill-nginx";

/** Something that can be done to the stack while it is under load. */
export interface Fault {
  name: FaultName;
  /** One line for --help. */
  about: string;
  strikes: Workload["role"];
  /** What the kubeconfig's user must be allowed to do, for the message when it is not. */
  needs: string;
}

/** Gate figures that a fault brings about by itself, and that so do not speak against the stack. */
export interface ExpectedHarm {
  metric: "pods_replaced" | "restarts" | "oom_kills" | "readiness_flaps";
  workload: string;
  /** So many and no more. */
  most: number;
}

/** A fault that was struck. */
export interface StruckFault {
  name: FaultName;
  /** The pod that was struck; absent when it was all pods of the workloads. */
  pod?: string;
  /** The workloads that have to be whole again. */
  workloads: Workload[];
  /** Epoch ms. */
  atMs: number;
  /** What was done to what, in one sentence. */
  how: string;
  /** Until `undo`, which of some faults replaces pods again. */
  expected: ExpectedHarm[];
  /** Takes back what does not pass by itself. May be called at any time, and more than once. */
  undo(): Promise<void>;
}

/** All faults, in the order of --help. */
export const faults: readonly Fault[] = [
  {
    name: "rollout",
    about: "rolling update of the API, to the same image",
    strikes: "api",
    needs: "get and patch deployments",
  },
  {
    name: "kill-api",
    about: "SIGKILL to the main process of one API pod",
    strikes: "api",
    needs: "delete pods",
  },
  {
    name: "pause-api",
    about: "SIGSTOP to one API pod, SIGCONT 5 s later; its node must be this machine",
    strikes: "api",
    needs: "list pods",
  },
  {
    name: "oom-api",
    about: "one API pod allocates more than its limit; needs api.env.FAULT_LAB=1",
    strikes: "api",
    needs: "create pods/proxy",
  },
  {
    name: "kill-redis-primary",
    about: "SIGKILL to the Redis server of one primary",
    strikes: "redis",
    needs: "create pods/exec and delete pods",
  },
  {
    name: "kill-nginx",
    about: "SIGKILL to the main process of one Nginx pod",
    strikes: "nginx",
    needs: "delete pods",
  },
];

/** @throws {UserError} with exit code 2 when there is no fault of that name. */
export function parseFault(name: string): Fault {
  const fault = faults.find((each) => each.name === name);
  if (!fault) {
    throw wrongUsage(`--fault ${name}: there is ${faults.map((each) => each.name).join(", ")}`);
  }
  return fault;
}
