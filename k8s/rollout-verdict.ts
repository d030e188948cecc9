/** The fields of a StatefulSet that show how far its rollout is; `setViewOf` gives those of a Deployment. */
export interface SetView {
  metadata: { generation?: number };
  spec: { replicas: number };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number | undefined;
    updatedReplicas?: number;
    updateRevision?: string | undefined;
  };
}

/** The fields of a Deployment that show how far its rollout is. */
export interface DeploymentView {
  metadata: { uid: string; generation?: number };
  spec: { replicas: number };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    availableReplicas?: number;
    updatedReplicas?: number;
  };
}

/** The fields of a ReplicaSet that show which version of its Deployment it is. */
export interface ReplicaSetView {
  metadata: {
    annotations?: Record<string, string>;
    labels?: Record<string, string>;
    ownerReferences?: { uid: string }[];
  };
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  state?: { running?: object; waiting?: { reason?: string; message?: string } };
  lastState?: { terminated?: { message?: string } };
}

/** The fields of a pod that show whether it starts. */
export interface PodView {
  metadata: { name: string; uid: string; deletionTimestamp?: string; labels?: Record<string, string> };
  status?: {
    phase?: string;
    conditions?: { type: string; status: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/** A pod whose container cannot start. */
export interface BrokenPod {
  name: string;
  uid: string;
  /** Kubernetes' reason and message. */
  reason: string;
  /** Time after which a reason counts as lasting; Kubernetes tries again all the time. */
  patienceMs: number;
}

/** A pod to delete when it has been seen for `patienceMs`. Kubernetes itself replaces most pods at once. */
export interface StuckPod {
  name: string;
  uid: string;
  patienceMs: number;
}

/** How far a StatefulSet's rollout is. */
export interface Verdict {
  /** `running`: every pod runs, perhaps in an earlier version. `ready`: every pod has the new version and is ready. */
  state: "waiting" | "running" | "ready";
  /** What a pod is missing, for people. */
  waitsFor: string;
  /** Pods of the new version that cannot start. */
  broken: BrokenPod[];
  /** Pods of an earlier version that cannot start. Kubernetes does not replace them (kubernetes#67250). */
  stuck: StuckPod[];
}

/** Reasons for which a container does not start, and how long each may last. Images may appear in a registry late. */
const patienceMs: Readonly<Record<string, number>> = {
  InvalidImageName: 0,
  ErrImageNeverPull: 0,
  ErrImagePull: 20_000,
  ImagePullBackOff: 20_000,
  CreateContainerConfigError: 30_000,
  CreateContainerError: 30_000,
  RunContainerError: 30_000,
  CrashLoopBackOff: 60_000,
};

const brokenPatienceMs = 1000;
const pendingPatienceMs = 30_000;

/**
 * A Deployment in the form of a StatefulSet: pods are ready when they have been for `minReadySeconds`, and the newest of
 * its ReplicaSets has the present version.
 */
export function setViewOf(
  { metadata, spec, status = {} }: DeploymentView,
  replicaSets: readonly ReplicaSetView[],
): SetView {
  const revisionOf = (set: ReplicaSetView) =>
    Number(set.metadata.annotations?.["deployment.kubernetes.io/revision"]);
  const [newest] = replicaSets
    .filter((set) => set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
    .toSorted((a, b) => revisionOf(b) - revisionOf(a));
  const { availableReplicas, ...counts } = status;
  const updateRevision = newest?.metadata.labels?.["pod-template-hash"];
  return { metadata, spec, status: { ...counts, readyReplicas: availableReplicas, updateRevision } };
}

/** Judges a StatefulSet's rollout by the set and its pods. */
export function judgeRollout(set: SetView, pods: readonly PodView[]): Verdict {
  const {
    observedGeneration = 0,
    updateRevision,
    replicas,
    readyReplicas,
    updatedReplicas,
  } = set.status ?? {};
  const wanted = set.spec.replicas;
  const isObserved = observedGeneration >= (set.metadata.generation ?? 0);
  const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const isNew = ({ metadata: { labels } }: PodView) =>
    (labels?.["controller-revision-hash"] ?? labels?.["pod-template-hash"]) === updateRevision;
  const failing = isObserved ? living.filter((pod) => !isReady(pod)) : [];
  const isComplete = [replicas, readyReplicas, updatedReplicas].every((count) => (count ?? 0) === wanted);
  const areRunning = living.length >= wanted && living.every(isRunning);
  return {
    state: isObserved && isComplete ? "ready" : isObserved && areRunning ? "running" : "waiting",
    waitsFor: waitsFor(wanted, living),
    broken: failing.filter(isNew).flatMap(brokenPod),
    stuck: failing.filter((pod) => !isNew(pod)).flatMap(stuckPod),
  };
}

const isReady = ({ status }: PodView) =>
  (status?.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True");

/** Whether all containers run. Init containers have ended by then, but for sidecars. */
function isRunning({ status }: PodView): boolean {
  const statuses = status?.containerStatuses ?? [];
  return statuses.length > 0 && statuses.every(({ state }) => state?.running !== undefined);
}

function brokenPod({ metadata: { name, uid }, status }: PodView): BrokenPod[] {
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const { reason = "", message = "" } = container.state?.waiting ?? {};
    const patience = patienceMs[reason];
    if (patience === undefined) continue;
    // What the program itself wrote says more than that it is started again.
    const said = container.lastState?.terminated?.message?.trim() || message;
    const text = said === "" ? reason : `${reason}: ${said}`;
    return [{ name, uid, reason: `container ${container.name}: ${text}`, patienceMs: patience }];
  }
  return [];
}

function stuckPod(pod: PodView): StuckPod[] {
  const { name, uid } = pod.metadata;
  if (brokenPod(pod).length > 0) return [{ name, uid, patienceMs: brokenPatienceMs }];
  // It may be waiting for its volume, or for the scheduler.
  return pod.status?.phase === "Pending" ? [{ name, uid, patienceMs: pendingPatienceMs }] : [];
}

function waitsFor(wanted: number, living: readonly PodView[]): string {
  if (living.length < wanted) return `${wanted - living.length} of ${wanted} pods to be created`;
  const [pod] = living.filter((candidate) => !isReady(candidate));
  if (pod === undefined) return "pods to be replaced";
  const [broken] = brokenPod(pod);
  const unscheduled = pod.status?.conditions?.find(
    ({ type, status }) => type === "PodScheduled" && status === "False",
  );
  const why = broken?.reason ?? unscheduled?.message;
  return `${pod.metadata.name} to be ready${why === undefined ? "" : ` (${why})`}`;
}
