import { residentBytes } from "../../host/process-table.ts";
import { dnsAnswers } from "./dns.ts";
import { answeringEngine } from "./docker-engine.ts";
import { connectKubeApi } from "./kube-api.ts";
import { requireRoot } from "./layout.ts";
import { nodeReadiness } from "./node.ts";
import { daemonStartedMs, daemonState, logTail } from "./process-supervisor.ts";

/** State of one part of the embedded cluster. */
export interface ComponentStatus {
  name: string;
  running: boolean;
  detail: string;
}

/** The daemons, in the order in which they start. */
export const daemonNames = [
  "registry",
  "containerd",
  "dockerd",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "coredns",
] as const;

/**
 * Returns the state of every daemon, of the node and of cluster DNS.
 *
 * @throws {UserError} without root.
 */
export async function clusterStatus(): Promise<ComponentStatus[]> {
  requireRoot();
  const [daemons, node, dns] = await Promise.all([
    Promise.all(daemonNames.map(daemonStatus)),
    nodeStatus(),
    dnsStatus(),
  ]);
  return [...daemons, node, dns];
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

async function nodeStatus(): Promise<ComponentStatus> {
  const name = "node";
  const startedMs = await daemonStartedMs("kubelet");
  if (startedMs === undefined) return { name, running: false, detail: "the kubelet does not run" };
  if ((await daemonState("kube-apiserver")).state !== "running")
    return { name, running: false, detail: "the API server does not run" };
  const api = await connectKubeApi();
  try {
    const { ready, detail } = await nodeReadiness(api, startedMs);
    return { name, running: ready, detail };
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
