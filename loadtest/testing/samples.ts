import type { V1Pod } from "@kubernetes/client-node";
import type { StackOutputs, Workload } from "../../k8s/stack-outputs.ts";
import type { LoadResult } from "../load.ts";
import type { ObservedPod } from "../observe.ts";

const MiB = 1024 ** 2;

/** Made-up figures of a run that passes every gate, for unit tests; each takes what the test is about. */
export function sampleLoad(more: Partial<LoadResult> = {}): LoadResult {
  return {
    scenario: "light",
    startedAt: 1_800_000_000_000,
    durationSeconds: 2,
    connections: 8,
    sent: 2000,
    completed: 2000,
    failed: 0,
    errors: { timeouts: 0, connection: {}, closed: 0, status: {}, wrongBody: 0, unfinished: 0 },
    resent: 0,
    requestsPerSecond: 1000,
    latency: {
      count: 2000,
      meanMs: 2,
      p50Ms: 1.5,
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
    seconds: [
      { second: 1, requestsPerSecond: 990, failed: 0, p50Ms: 1.5, p99Ms: 9 },
      { second: 2, requestsPerSecond: 1010, failed: 0, p50Ms: 1.5, p99Ms: 8 },
    ],
    generatorUtilization: 0.3,
    interrupted: false,
    ...more,
  };
}

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
    memory: [
      { second: 0, bytes: 80 * MiB },
      { second: 5, bytes: 90 * MiB },
      { second: 10, bytes: 100 * MiB },
    ],
    ...more,
  };
}

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

export function sampleOutputs(more: Partial<StackOutputs> = {}): StackOutputs {
  return {
    endpoint: "http://127.0.0.1:30080",
    namespace: "breakwater-local",
    cluster: { kubeconfig: "/nowhere/kubeconfig", kubeContext: "breakwater" },
    apiImage: "localhost:5000/breakwater/api:1",
    workloads: [sampleWorkload()],
    loadtest: {
      connections: 8,
      durationSeconds: 2,
      warmupSeconds: 1,
      users: 10,
      gates: {
        p99Ms: { light: 50 },
        errorRate: 0,
        minSamples: 1000,
        memoryPeak: 0.9,
        restarts: 0,
        oomKills: 0,
        podsReplaced: 0,
      },
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
