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
    conditions?: Condition[];
  };
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
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
    conditions?: Condition[];
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
  state?: { running?: object; terminated?: object; waiting?: { reason?: string; message?: string } };
  lastState?: { terminated?: { reason?: string; exitCode?: number; message?: string } };
}

/** The fields of a pod that show whether it starts. */
export interface PodView {
  metadata: { name: string; uid: string; deletionTimestamp?: string; labels?: Record<string, string> };
  status?: {
    phase?: string;
    conditions?: Condition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/** A pod that cannot start, or does not become ready. */
export interface BrokenPod {
  name: string;
  uid: string;
  /** Kubernetes' reason and message. */
  reason: string;
  /** Container whose log may say more; undefined when none has started. */
  container?: string;
  /** Time after which a reason counts as lasting; Kubernetes tries again all the time. */
  patienceMs: number;
  /** The reason counts only while the newest event of the pod has one of these reasons; otherwise the pod takes its time. */
  onlyWith?: readonly string[];
  /** The reason does not count once the pod has an event with one of these reasons. */
  unless?: readonly string[];
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
  /** Why Kubernetes creates no further pods, such as a quota; undefined when it does. */
  refused: string | undefined;
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
  CrashLoopBackOff: 40_000,
};

/** Reasons of events of a pod whose containers cannot be created. */
const creationFailures = ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"];
const creationPatienceMs = 20_000;
/** Events of the cluster autoscaler and of Karpenter, which then add a machine for the pod. */
const machineComes = ["TriggeredScaleUp", "Nominated"];
/** Both decide within some ten seconds, and pods that are ending make room. */
const unschedulablePatienceMs = 40_000;
/** A volume that is made before the pod has a node. */
const unboundPatienceMs = 120_000;
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

/**
 * Judges a rollout by the set and its pods.
 *
 * @param unreadyMs time for which a pod of the new version may run without being ready; without it, for as long as it likes
 */
export function judgeRollout(set: SetView, pods: readonly PodView[], unreadyMs?: number): Verdict {
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
    broken: failing.filter(isNew).flatMap((pod) => brokenPod(pod, unreadyMs)),
    refused: isObserved ? refusalOf(set) : undefined,
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

function refusalOf({ status }: SetView): string | undefined {
  const failure = status?.conditions?.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  return failure && (failure.message ?? failure.reason ?? "no reason");
}

function brokenPod(pod: PodView, unreadyMs?: number): BrokenPod[] {
  const { name, uid } = pod.metadata;
  const { initContainerStatuses = [], containerStatuses = [], conditions = [] } = pod.status ?? {};
  const containers = [...initContainerStatuses, ...containerStatuses];
  for (const container of containers) {
    const found = brokenContainer(container);
    if (found !== undefined)
      return [{ name, uid, ...(hasRun(container) && { container: container.name }), ...found }];
  }
  const scheduled = conditions.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False") {
    const { message = "" } = scheduled;
    const isUnbound = message.includes("unbound immediate PersistentVolumeClaims");
    const patienceMs = isUnbound ? unboundPatienceMs : unschedulablePatienceMs;
    return [{ name, uid, reason: `no node takes it: ${message}`, patienceMs, unless: machineComes }];
  }
  if (containers.length > 0 && !containers.some(hasRun)) {
    const reason = "its containers cannot be created";
    return [{ name, uid, reason, patienceMs: creationPatienceMs, onlyWith: creationFailures }];
  }
  const unready = containerStatuses.find(({ ready = false }) => !ready);
  if (unreadyMs !== undefined && isRunning(pod) && unready !== undefined) {
    const reason = `container ${unready.name} runs, but is not ready`;
    return [{ name, uid, reason, container: unready.name, patienceMs: unreadyMs }];
  }
  return [];
}

const hasRun = ({ state, lastState }: ContainerStatus): boolean =>
  [state?.running, state?.terminated, lastState?.terminated].some((found) => found !== undefined);

function brokenContainer(container: ContainerStatus): { reason: string; patienceMs: number } | undefined {
  const { reason = "", message = "" } = container.state?.waiting ?? {};
  const lasting = patienceMs[reason];
  if (lasting === undefined) return undefined;
  const { exitCode, reason: ended, message: written } = container.lastState?.terminated ?? {};
  const memory = ended === "OOMKilled" ? ", out of memory" : "";
  const exit = exitCode === undefined ? "" : ` (exit code ${exitCode}${memory})`;
  // What the program itself wrote says more than that it is started again.
  const why = written?.trim() || message;
  return {
    reason: `container ${container.name}: ${reason}${exit}${why === "" ? "" : `: ${why}`}`,
    patienceMs: lasting,
  };
}

function stuckPod(pod: PodView): StuckPod[] {
  const { name, uid } = pod.metadata;
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const isBroken = [...initContainerStatuses, ...containerStatuses].some(
    (container) => brokenContainer(container) !== undefined,
  );
  if (isBroken) return [{ name, uid, patienceMs: brokenPatienceMs }];
  // It may be waiting for its volume, or for the scheduler.
  return pod.status?.phase === "Pending" ? [{ name, uid, patienceMs: pendingPatienceMs }] : [];
}

function waitsFor(wanted: number, living: readonly PodView[]): string {
  if (living.length < wanted) return `${wanted - living.length} of ${wanted} pods to be created`;
  const [pod] = living.filter((candidate) => !isReady(candidate));
  if (pod === undefined) return "pods to be replaced";
  const [broken] = brokenPod(pod);
  const why = broken?.onlyWith === undefined ? broken?.reason : undefined;
  return `${pod.metadata.name} to be ready${why === undefined ? "" : ` (${why})`}`;
}
