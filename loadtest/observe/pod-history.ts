import type { V1Pod } from "@kubernetes/client-node";
import type { Workload } from "../../contract/outputs.ts";
import type { PodRecord, ReportEvent } from "../report/schema/pod.ts";
import { type PodLife, scaledAway } from "./autoscaled-pods.ts";
import { containersOf, endsOf, type PodContainer } from "./pod-containers.ts";

/** Something that happened to a pod. */
export interface PodEvent extends Omit<ReportEvent, "second" | "kind"> {
  /** Epoch ms of the sample that showed it. */
  atMs: number;
  kind: Exclude<ReportEvent["kind"], "fault">;
}

interface ContainerRecord {
  restartCountBefore: number;
  restartCount: number;
  /** Ends in this run, by container ID. An end counts as a restart before the new container exists. */
  ends: Map<string, { oom: boolean; text: string }>;
  endsBefore: Set<string>;
}

interface Readiness {
  ready: boolean;
  /** When it last changed, by the kubelet. Reveals changes between two samples. */
  since: string;
  message: string | undefined;
}

/**
 * Derives what happened to each pod of each workload from repeated lists of the namespace's pods. Counters start at the
 * first list, so restarts and OOM kills of earlier runs do not count. Pure: each list comes with its time.
 */
export class PodHistory {
  readonly events: PodEvent[] = [];
  readonly #workloads: readonly Workload[];
  readonly #pods = new Map<string, PodRecord>();
  readonly #lives = new Map<string, PodLife>();
  readonly #containers = new Map<string, ContainerRecord>();
  readonly #lasting = new Map<string, PodContainer[]>();
  readonly #readiness = new Map<string, Readiness>();
  #lists = 0;

  constructor(workloads: readonly Workload[]) {
    this.#workloads = workloads;
  }

  get pods(): PodRecord[] {
    const records = [...this.#pods.values()];
    const away = new Set(
      this.#workloads
        .filter(({ maxReplicas }) => maxReplicas !== undefined)
        .flatMap(({ name }) => {
          const lives = records
            .filter(({ workload }) => workload === name)
            .map(({ uid }) => this.#lives.get(uid));
          return scaledAway(lives.filter((life) => life !== undefined));
        }),
    );
    return records.map((record) => ({ ...record, ...(away.has(record.uid) && { scaledAway: true }) }));
  }

  /** The main container and the sidecars of a pod, in its last list. */
  containersOf(uid: string): readonly PodContainer[] {
    return this.#lasting.get(uid) ?? [];
  }

  /** @param listed all pods of the namespace at `atMs` (epoch ms) */
  add(listed: readonly V1Pod[], atMs: number): void {
    const first = this.#lists++ === 0;
    const watched = listed.flatMap((pod) => {
      const workload = this.#workloads.find((each) => selects(each.selector, pod.metadata?.labels));
      const uid = pod.metadata?.uid;
      return !workload || !uid || isTerminating(pod) ? [] : [{ pod, workload, uid }];
    });
    this.#markGone(new Set(watched.map(({ uid }) => uid)), atMs);
    for (const { pod, workload, uid } of watched) {
      const record = this.#pods.get(uid) ?? this.#addPod(uid, pod, workload, first, atMs);
      record.node = pod.spec?.nodeName ?? record.node;
      const containers = containersOf(pod, workload.role);
      const lasting = containers.filter(({ kind }) => kind !== "init");
      record.running = lasting.length > 0 && lasting.every(({ isRunning }) => isRunning);
      this.#lasting.set(uid, lasting);
      for (const container of containers) this.#updateContainer(record, container, first, atMs);
      this.#updateReadiness(record, pod, first, atMs);
    }
  }

  #markGone(present: ReadonlySet<string>, atMs: number): void {
    for (const record of this.#pods.values()) {
      if (present.has(record.uid) || record.gone) continue;
      record.gone = true;
      record.running = false;
      const life = this.#lives.get(record.uid);
      if (life !== undefined) life.goneAtMs = atMs;
      this.#addEvent(atMs, "pod_gone", record, "deleted, evicted or replaced");
    }
  }

  #addPod(uid: string, pod: V1Pod, workload: Workload, first: boolean, atMs: number): PodRecord {
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
    const template = pod.metadata?.labels?.["pod-template-hash"];
    this.#lives.set(uid, { uid, template, ...(!first && { newAtMs: atMs }) });
    if (!first) this.#addEvent(atMs, "pod_new", record, "appeared");
    return record;
  }

  #updateReadiness(pod: PodRecord, listed: V1Pod, first: boolean, atMs: number): void {
    const now = readinessOf(listed);
    const before = this.#readiness.get(pod.uid);
    this.#readiness.set(pod.uid, now);
    const flapped = before?.ready === true && (!now.ready || now.since !== before.since);
    if (flapped) {
      pod.readinessFlaps++;
      const detail = now.ready ? "for a moment between two samples" : (now.message ?? "no longer ready");
      this.#addEvent(atMs, "not_ready", pod, detail);
    }
    const wasReady = before ? before.ready && !flapped : first;
    if (now.ready && !wasReady) this.#addEvent(atMs, "ready", pod, "all its containers are ready");
  }

  #addEvent(atMs: number, kind: PodEvent["kind"], pod: PodRecord, detail: string): void {
    this.events.push({ atMs, kind, pod: pod.name, workload: pod.workload, detail });
  }

  #updateContainer(pod: PodRecord, container: PodContainer, first: boolean, atMs: number): void {
    const { status } = container;
    const key = `${pod.uid}/${status.name}`;
    let seen = this.#containers.get(key);
    if (!seen) {
      // Everything that happened to a pod that appears during the run happened during the run.
      seen = {
        restartCountBefore: first ? status.restartCount : 0,
        restartCount: status.restartCount,
        ends: new Map(),
        endsBefore: new Set(first ? endsOf(container).map((end) => end.id) : []),
      };
      this.#containers.set(key, seen);
    }
    seen.restartCount = Math.max(seen.restartCount, status.restartCount);
    for (const end of endsOf(container)) {
      if (seen.endsBefore.has(end.id) || seen.ends.has(end.id)) continue;
      seen.ends.set(end.id, end);
      pod.lastEnd = end.text;
      this.#addEvent(atMs, end.oom ? "oom_kill" : "restart", pod, `${status.name}: ${end.text}`);
    }
    this.#updateTotals(pod);
  }

  #updateTotals(pod: PodRecord): void {
    const containers = [...this.#containers].filter(([key]) => key.startsWith(`${pod.uid}/`));
    pod.restarts = 0;
    pod.oomKills = 0;
    for (const [, each] of containers) {
      pod.restarts += Math.max(each.restartCount - each.restartCountBefore, each.ends.size);
      pod.oomKills += [...each.ends.values()].filter((end) => end.oom).length;
    }
  }
}

/** The workloads that have fewer ready pods than replicas, as `api has 2 of 3 pods ready`. */
export function notReady(workloads: readonly Workload[], listed: readonly V1Pod[]): string[] {
  return workloads.flatMap((workload) => {
    const ready = listed.filter(
      (pod) =>
        selects(workload.selector, pod.metadata?.labels) && !isTerminating(pod) && readinessOf(pod).ready,
    ).length;
    return ready >= workload.replicas
      ? []
      : [`${workload.name} has ${ready} of ${workload.replicas} pods ready`];
  });
}

/** Whether a label selector matches these labels. */
export function selects(
  selector: Record<string, string>,
  labels: Record<string, string> | undefined,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels?.[key] === value);
}

function isTerminating(pod: V1Pod): boolean {
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
