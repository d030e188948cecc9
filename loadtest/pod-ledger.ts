import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { Workload } from "../k8s/stack-outputs.ts";

/** What became of one pod between the first look and the last. Identity is the UID: a new pod of the same name is another. */
export interface PodRecord {
  uid: string;
  name: string;
  workload: string;
  role: Workload["role"];
  node: string;
  memoryLimitBytes: number;
  /** Whether it was there at the first look or came later. */
  appeared: "before" | "during";
  /** Deleted, evicted or ended before the last look. */
  gone: boolean;
  /** All its containers ran at the last look. */
  running: boolean;
  restarts: number;
  oomKills: number;
  /** The newest container end of the run, e.g. `OOMKilled, exit code 137`. */
  lastEnd?: string;
}

/** Something that happened to a pod, in words for the report. */
export interface PodEvent {
  /** Epoch ms of the look that found it. */
  atMs: number;
  kind: "restart" | "oom_kill" | "pod_gone" | "pod_new";
  pod: string;
  detail: string;
}

interface ContainerRecord {
  restartCountBefore: number;
  restartCount: number;
  /** Ends of this run, by container ID: a restart that is still to come is already known by its end. */
  ends: Map<string, { oom: boolean; text: string }>;
  endsBefore: Set<string>;
}

/**
 * Folds lists of the namespace's pods into what happened to each pod of each workload. Counters start at the first
 * look, so restarts and OOM kills of earlier runs do not count. Pure: time comes in with each look.
 */
export class PodLedger {
  readonly events: PodEvent[] = [];
  readonly #workloads: readonly Workload[];
  readonly #pods = new Map<string, PodRecord>();
  readonly #containers = new Map<string, ContainerRecord>();
  #looks = 0;

  constructor(workloads: readonly Workload[]) {
    this.#workloads = workloads;
  }

  get pods(): PodRecord[] {
    return [...this.#pods.values()];
  }

  /** @param listed all pods of the namespace at `atMs` (epoch ms) */
  look(listed: readonly V1Pod[], atMs: number): void {
    const first = this.#looks++ === 0;
    const present = new Set<string>();
    for (const pod of listed) {
      const workload = this.#workloads.find((each) => matches(each.selector, pod.metadata?.labels));
      const uid = pod.metadata?.uid;
      if (!workload || !uid || isEnding(pod)) continue;
      present.add(uid);
      const record = this.#pods.get(uid) ?? this.#admit(uid, pod, workload, first, atMs);
      record.node = pod.spec?.nodeName ?? record.node;
      record.running = runs(pod);
      for (const status of pod.status?.containerStatuses ?? []) this.#container(record, status, first, atMs);
    }
    for (const record of this.#pods.values()) {
      if (present.has(record.uid) || record.gone) continue;
      record.gone = true;
      record.running = false;
      this.events.push({
        atMs,
        kind: "pod_gone",
        pod: record.name,
        detail: "deleted, evicted or replaced",
      });
    }
  }

  #admit(uid: string, pod: V1Pod, workload: Workload, first: boolean, atMs: number): PodRecord {
    const record: PodRecord = {
      uid,
      name: pod.metadata?.name ?? uid,
      workload: workload.name,
      role: workload.role,
      node: pod.spec?.nodeName ?? "",
      memoryLimitBytes: workload.memoryLimitBytes,
      appeared: first ? "before" : "during",
      gone: false,
      running: false,
      restarts: 0,
      oomKills: 0,
    };
    this.#pods.set(uid, record);
    if (!first) this.events.push({ atMs, kind: "pod_new", pod: record.name, detail: "appeared" });
    return record;
  }

  #container(pod: PodRecord, status: V1ContainerStatus, first: boolean, atMs: number): void {
    const key = `${pod.uid}/${status.name}`;
    let seen = this.#containers.get(key);
    if (!seen) {
      // A pod that appears during the run is new: all that happened to it happened in the run.
      seen = {
        restartCountBefore: first ? status.restartCount : 0,
        restartCount: status.restartCount,
        ends: new Map(),
        endsBefore: new Set(first ? endsOf(status).map((end) => end.id) : []),
      };
      this.#containers.set(key, seen);
    }
    seen.restartCount = Math.max(seen.restartCount, status.restartCount);
    for (const end of endsOf(status)) {
      if (seen.endsBefore.has(end.id) || seen.ends.has(end.id)) continue;
      seen.ends.set(end.id, end);
      pod.lastEnd = end.text;
      const kind = end.oom ? "oom_kill" : "restart";
      this.events.push({ atMs, kind, pod: pod.name, detail: `${status.name}: ${end.text}` });
    }
    this.#sum(pod);
  }

  #sum(pod: PodRecord): void {
    const containers = [...this.#containers].filter(([key]) => key.startsWith(`${pod.uid}/`));
    pod.restarts = 0;
    pod.oomKills = 0;
    for (const [, each] of containers) {
      pod.restarts += Math.max(each.restartCount - each.restartCountBefore, each.ends.size);
      pod.oomKills += [...each.ends.values()].filter((end) => end.oom).length;
    }
  }
}

/** Pods there at the first look that are gone now, and pods that came and went in between. */
export function podsReplaced(pods: readonly PodRecord[]): PodRecord[] {
  return pods.filter((pod) => pod.gone);
}

/** How each workload stands against its replica count: `api has 2 of 3 pods ready`, one line per workload that does not. */
export function notReady(workloads: readonly Workload[], listed: readonly V1Pod[]): string[] {
  return workloads.flatMap((workload) => {
    const ready = listed.filter(
      (pod) =>
        matches(workload.selector, pod.metadata?.labels) &&
        !isEnding(pod) &&
        pod.status?.conditions?.some((is) => is.type === "Ready" && is.status === "True"),
    ).length;
    return ready >= workload.replicas
      ? []
      : [`${workload.name} has ${ready} of ${workload.replicas} pods ready`];
  });
}

function matches(selector: Record<string, string>, labels: Record<string, string> | undefined): boolean {
  return Object.entries(selector).every(([key, value]) => labels?.[key] === value);
}

function isEnding(pod: V1Pod): boolean {
  const phase = pod.status?.phase;
  return pod.metadata?.deletionTimestamp !== undefined || phase === "Failed" || phase === "Succeeded";
}

function runs(pod: V1Pod): boolean {
  const containers = pod.status?.containerStatuses ?? [];
  return containers.length > 0 && containers.every((each) => each.state?.running !== undefined);
}

function endsOf(status: V1ContainerStatus): { id: string; oom: boolean; text: string }[] {
  return [status.state?.terminated, status.lastState?.terminated].flatMap((ended) => {
    if (!ended) return [];
    const { reason = "ended", exitCode } = ended;
    const id = ended.containerID ?? `${status.restartCount}/${String(ended.finishedAt)}`;
    return [{ id, oom: reason === "OOMKilled", text: `${reason}, exit code ${exitCode}` }];
  });
}
