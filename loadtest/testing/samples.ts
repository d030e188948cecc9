import type { V1Pod } from "@kubernetes/client-node";
import type { RequestConfig, ScenarioConfig, StackOutputs, Workload } from "../../contract/outputs.ts";
import type { ReachedStack } from "../cluster-search.ts";
import { chooseScenarios, type Scenario } from "../load/scenarios.ts";
import type { ObservedPod } from "../report/schema/pod.ts";
import type { LoadResult } from "../report/schema/scenario.ts";

const MiB = 1024 ** 2;

/** A sample load that passes every gate. @param more replaces fields */
export function sampleLoad(more: Partial<LoadResult> = {}): LoadResult {
  return {
    scenario: "light",
    model: "closed",
    offeredPerSecond: null,
    startedAt: 1_800_000_000_000,
    durationSeconds: 2,
    connections: 8,
    sent: 2000,
    completed: 2000,
    failed: 0,
    errors: { timeouts: 0, connection: {}, closed: 0, status: {}, wrongBody: 0, unfinished: 0 },
    failedAtSeconds: [],
    resent: 0,
    notSent: 0,
    requestsPerSecond: 1000,
    latency: {
      count: 2000,
      meanMs: 2,
      p50Ms: 1.5,
      p75Ms: 2,
      p90Ms: 3,
      p95Ms: 4,
      p99Ms: 9,
      p999Ms: 12,
      maxMs: 15,
      curve: [
        { percentile: 0, ms: 0.5 },
        { percentile: 90, ms: 3 },
        { percentile: 99, ms: 9 },
      ],
    },
    badLatency: { count: 0, p50Ms: Number.NaN, p99Ms: Number.NaN, maxMs: Number.NaN },
    seconds: [
      { second: 1, requestsPerSecond: 990, failed: 0, p50Ms: 1.5, p99Ms: 9 },
      { second: 2, requestsPerSecond: 1010, failed: 0, p50Ms: 1.5, p99Ms: 8 },
    ],
    generator: { threads: 1, utilization: 0.3, lagP99Ms: 1, lateP50Ms: null, lateP99Ms: null, backlog: 0 },
    interrupted: false,
    ...more,
  };
}

/** A sample pod that passes every gate. @param more replaces fields */
export function samplePod(more: Partial<ObservedPod> = {}): ObservedPod {
  return {
    uid: "uid-1",
    name: "api-1",
    workload: "api",
    role: "api",
    node: "node-1",
    memoryLimitBytes: 200 * MiB,
    appeared: "before",
    gone: false,
    running: true,
    restarts: 0,
    oomKills: 0,
    readinessFlaps: 0,
    peakBytes: 100 * MiB,
    samples: 3,
    sidecars: [],
    memory: [
      { second: 0, bytes: 80 * MiB },
      { second: 5, bytes: 90 * MiB },
      { second: 10, bytes: 100 * MiB },
    ],
    ...more,
  };
}

/** A sample workload. @param more replaces fields */
export function sampleWorkload(more: Partial<Workload> = {}): Workload {
  return {
    name: "api",
    kind: "Deployment",
    role: "api",
    replicas: 1,
    selector: { app: "api" },
    memoryLimitBytes: 200 * MiB,
    ...more,
  };
}

const mixOf = (name: string, mix: Partial<ScenarioConfig["mix"]>) => ({
  name,
  mix: { light: 0, read: 0, write: 0, heavy: 0, upload: 0, ...mix },
  enabled: true,
});

/** Scenarios of each kind, disabled ones included. */
export function sampleScenarios(): Scenario[] {
  const { scenarios } = sampleOutputs().loadtest;
  return chooseScenarios(
    scenarios,
    scenarios.map(({ name }) => name),
  );
}

/** Sample outputs of a stack and access to its cluster. @param more replaces fields */
export function sampleStack(more: Partial<ReachedStack> = {}): ReachedStack {
  const cluster = { kubeconfig: ["/nowhere/kubeconfig"], kubeContext: "breakwater" };
  return { ...sampleOutputs(), cluster, ...more };
}

/** Sample outputs of a stack. @param more replaces fields */
export function sampleOutputs(more: Partial<StackOutputs> = {}): StackOutputs {
  return {
    endpoint: "http://127.0.0.1:30080",
    namespace: "breakwater-local",
    cluster: {
      kubeContext: "breakwater",
      server: "https://10.42.0.1:6443",
      namespaceUid: "uid-of-namespace",
    },
    apiImage: "localhost:5000/breakwater/api:1",
    internalToken: "[secret]",
    workloads: [sampleWorkload()],
    loadtest: {
      connections: 8,
      durationSeconds: 2,
      warmupSeconds: 1,
      users: 10,
      threads: 1,
      scenarios: [
        mixOf("light", { light: 1 }),
        mixOf("cached-read", { read: 1 }),
        mixOf("write-mix", { light: 40, read: 50, write: 10 }),
        mixOf("heavy-mix", { light: 80, read: 18, heavy: 2 }),
        { ...mixOf("writes", { write: 1 }), enabled: false, rate: 100 },
      ],
      gates: [
        { metric: "error_rate", limit: 0 },
        { metric: "non_2xx_rate", limit: 0 },
        { metric: "p99", limit: 50, scenario: "light" },
        { metric: "samples", limit: 1000 },
        { metric: "memory_peak", limit: 0.9 },
        { metric: "restarts", limit: 0 },
        { metric: "oom_kills", limit: 0 },
        { metric: "pods_replaced", limit: 0 },
      ],
    },
    ...more,
  };
}

/** A pod of `sampleWorkload` as the API server lists it. */
export function listedPod(
  uid: string,
  container: {
    restartCount?: number;
    lastEnd?: { id: string; reason: string; exitCode: number };
    ended?: boolean;
  } = {},
  pod: { phase?: string; deleted?: boolean; ready?: boolean; readySince?: string } = {},
): V1Pod {
  const end = container.lastEnd && {
    terminated: {
      containerID: container.lastEnd.id,
      reason: container.lastEnd.reason,
      exitCode: container.lastEnd.exitCode,
    },
  };
  return {
    metadata: {
      uid,
      name: `api-${uid}`,
      labels: { app: "api", other: "label" },
      ...(pod.deleted ? { deletionTimestamp: new Date(0) } : {}),
    },
    spec: { nodeName: "node-1", containers: [] },
    status: {
      phase: pod.phase ?? "Running",
      conditions: [
        {
          type: "Ready",
          status: pod.ready === false ? "False" : "True",
          ...(pod.readySince === undefined ? {} : { lastTransitionTime: new Date(pod.readySince) }),
        },
      ],
      containerStatuses: [
        {
          name: "api",
          image: "image",
          imageID: "id",
          ready: true,
          restartCount: container.restartCount ?? 0,
          ...(container.ended ? { state: end } : { state: { running: {} }, lastState: end ?? {} }),
        },
      ],
    },
  };
}

/** A GET of stack config, of which every response with 2xx is right. */
export function sampleRequest(path: string, more: Partial<RequestConfig> = {}): RequestConfig {
  return { method: "GET", path, headers: {}, expect: { statuses: [], json: {} }, ...more };
}
