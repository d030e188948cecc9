import type { ClusterApi } from "../../host/cluster-api.ts";
import { residentBytes } from "../../host/process-table.ts";
import { dnsAnswers } from "./dns.ts";
import { answeringEngine } from "./docker-engine.ts";
import { connectKubeApi } from "./kube-api.ts";
import { requireRoot } from "./layout.ts";
import { metricsApiState } from "./metrics-server.ts";
import { policyDaemon, unenforced } from "./network-policy.ts";
import { nodeReadiness } from "./node.ts";
import { policyRulesPresent } from "./policy-rules.ts";
import { policyObstacle } from "./policy-support.ts";
import { daemonStartedMs, daemonState, logTail } from "./process-supervisor.ts";
import { metricsServerIsNeeded } from "./stack-needs.ts";

/** State of one part of the embedded cluster. */
export interface ComponentStatus {
  name: string;
  running: boolean;
  detail: string;
  /** Whether the machine cannot do what the part is for. The other parts work without it. */
  limited?: boolean;
}

/** The daemons, in the order in which they start. metrics-server runs only while a stack asks for it. */
export const daemonNames = [
  "log-keeper",
  "registry",
  "containerd",
  "dockerd",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "network-policy",
  "coredns",
  "metrics-server",
] as const;

/**
 * Returns the state of every daemon, of the node, of cluster DNS and, if a stack asks for it, of the metrics API.
 *
 * @throws {UserError} without root.
 */
export async function clusterStatus(): Promise<ComponentStatus[]> {
  requireRoot();
  const withMetrics = await metricsServerIsNeeded();
  const wanted = daemonNames.filter((name) => name !== "metrics-server" || withMetrics);
  const [daemons, ...others] = await Promise.all([
    Promise.all(wanted.map((name) => (name === policyDaemon ? policyStatus() : daemonStatus(name)))),
    nodeStatus(),
    dnsStatus(),
    ...(withMetrics ? [metricsStatus()] : []),
  ]);
  return [...daemons, ...others];
}

async function daemonStatus(name: string): Promise<ComponentStatus> {
  const { state, pid } = await daemonState(name);
  if (state === "running" && pid !== undefined) {
    const startedMs = (await daemonStartedMs(name)) ?? Date.now();
    const mib = Math.round((await residentBytes(pid)) / 1024 ** 2);
    return { name, running: true, detail: `pid ${pid}, ${age(Date.now() - startedMs)}, ${mib} MiB` };
  }
  if (name === "dockerd") {
    const socketPath = await answeringEngine();
    if (socketPath !== undefined)
      return { name, running: true, detail: `not started: the engine at ${socketPath} is used` };
  }
  if (state === "stopped") return { name, running: false, detail: "stopped" };
  const lastLine = await logTail(name, 1);
  return {
    name,
    running: false,
    detail: `ended by itself (was pid ${pid}); last line of its log: ${lastLine}`,
  };
}

/** A machine without support for NetworkPolicies is reported, but is no fault of the cluster. */
async function policyStatus(): Promise<ComponentStatus> {
  const status = await daemonStatus(policyDaemon);
  if ((await daemonState("kube-apiserver")).state === "stopped") return status;
  const obstacle = await policyObstacle();
  if (obstacle !== undefined)
    return { name: policyDaemon, running: true, limited: true, detail: unenforced(obstacle) };
  if (!status.running || (await policyRulesPresent())) return status;
  return { ...status, running: false, detail: `${status.detail}; the kernel lacks its rules (npm run up)` };
}

async function nodeStatus(): Promise<ComponentStatus> {
  const name = "node";
  const startedMs = await daemonStartedMs("kubelet");
  if (startedMs === undefined) return { name, running: false, detail: "the kubelet does not run" };
  return askApiServer(name, async (api) => {
    const { ready, detail } = await nodeReadiness(api, startedMs);
    return { running: ready, detail };
  });
}

async function metricsStatus(): Promise<ComponentStatus> {
  return askApiServer("metrics API", async (api) => {
    const { available, detail } = await metricsApiState(api);
    return { running: available, detail };
  });
}

async function askApiServer(
  name: string,
  ask: (api: ClusterApi) => Promise<Omit<ComponentStatus, "name">>,
): Promise<ComponentStatus> {
  if ((await daemonState("kube-apiserver")).state !== "running")
    return { name, running: false, detail: "the API server does not run" };
  const api = await connectKubeApi();
  try {
    return { name, ...(await ask(api)) };
  } catch (error) {
    return { name, running: false, detail: `the API server does not answer: ${(error as Error).message}` };
  } finally {
    api.close();
  }
}

async function dnsStatus(): Promise<ComponentStatus> {
  const name = "cluster DNS";
  if ((await daemonState("coredns")).state !== "running")
    return { name, running: false, detail: "coredns does not run" };
  return dnsAnswers().then(
    () => ({ name, running: true, detail: "answers" }),
    (error: Error) => ({ name, running: false, detail: `does not answer: ${error.message}` }),
  );
}

/** Formats a duration in its largest unit: "12 s", "5 min", "3 h", "2 d". */
export function age(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / (24 * 3600))} d`;
}
