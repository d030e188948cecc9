import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import type { Workload } from "../../contract/outputs.ts";

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
  /** Times it was ready and stopped being so, other than by being ended. */
  readinessFlaps: number;
  /** The newest container end of the run, e.g. `OOMKilled, exit code 137`. */
  lastEnd?: string;
}

/** Something that happened to a pod, in words for the report. */
export interface PodEvent {
  /** Epoch ms of the look that found it. */
  atMs: number;
  kind: "restart" | "oom_kill" | "pod_gone" | "pod_new" | "not_ready" | "ready";
  pod: string;
  workload: string;
  detail: string;
}

interface ContainerRecord {
  restartCountBefore: number;
  restartCount: number;
  /** Ends of this run, by container ID: a restart that is still to come is already known by its end. */
  ends: Map<string, { oom: boolean; text: string }>;
  endsBefore: Set<string>;
}

interface Readiness {
  ready: boolean;
  /** When it last changed, as the kubelet says: tells of changes between two looks. */
  since: string;
  message: string | undefined;
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
  readonly #readiness = new Map<string, Readiness>();
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
    const watched = listed.flatMap((pod) => {
      const workload = this.#workloads.find((each) => selects(each.selector, pod.metadata?.labels));
      const uid = pod.metadata?.uid;
      return !workload || !uid || isEnding(pod) ? [] : [{ pod, workload, uid }];
    });
    this.#dismiss(new Set(watched.map(({ uid }) => uid)), atMs);
    for (const { pod, workload, uid } of watched) {
      const record = this.#pods.get(uid) ?? this.#admit(uid, pod, workload, first, atMs);
      record.node = pod.spec?.nodeName ?? record.node;
      record.running = runs(pod);
      for (const status of pod.status?.containerStatuses ?? []) this.#container(record, status, first, atMs);
      this.#ready(record, pod, first, atMs);
    }
  }

  #dismiss(present: ReadonlySet<string>, atMs: number): void {
    for (const record of this.#pods.values()) {
      if (present.has(record.uid) || record.gone) continue;
      record.gone = true;
      record.running = false;
      this.#tell(atMs, "pod_gone", record, "deleted, evicted or replaced");
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
      readinessFlaps: 0,
    };
    this.#pods.set(uid, record);
    if (!first) this.#tell(atMs, "pod_new", record, "appeared");
    return record;
  }

  #ready(pod: PodRecord, listed: V1Pod, first: boolean, atMs: number): void {
    const now = readinessOf(listed);
    const before = this.#readiness.get(pod.uid);
    this.#readiness.set(pod.uid, now);
    const flapped = before?.ready === true && (!now.ready || now.since !== before.since);
    if (flapped) {
      pod.readinessFlaps++;
      const detail = now.ready ? "for a moment between two looks" : (now.message ?? "no longer ready");
      this.#tell(atMs, "not_ready", pod, detail);
    }
    const wasReady = before ? before.ready && !flapped : first;
    if (now.ready && !wasReady) this.#tell(atMs, "ready", pod, "all its containers are ready");
  }

  #tell(atMs: number, kind: PodEvent["kind"], pod: PodRecord, detail: string): void {
    this.events.push({ atMs, kind, pod: pod.name, workload: pod.workload, detail });
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
      this.#tell(atMs, end.oom ? "oom_kill" : "restart", pod, `${status.name}: ${end.text}`);
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
      (pod) => selects(workload.selector, pod.metadata?.labels) && !isEnding(pod) && readinessOf(pod).ready,
    ).length;
    return ready >= workload.replicas
      ? []
      : [`${workload.name} has ${ready} of ${workload.replicas} pods ready`];
  });
}

/** Whether a selector finds an object of these labels. */
export function selects(
  selector: Record<string, string>,
  labels: Record<string, string> | undefined,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels?.[key] === value);
}

function isEnding(pod: V1Pod): boolean {
  const phase = pod.status?.phase;
  return pod.metadata?.deletionTimestamp !== undefined || phase === "Failed" || phase === "Succeeded";
}

function readinessOf(pod: V1Pod): Readiness {
  const condition = pod.status?.conditions?.find((each) => each.type === "Ready");
  return {
    ready: condition?.status === "True",
    since: String(condition?.lastTransitionTime),
    message: condition?.message,
  };
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
