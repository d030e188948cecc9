import type { Manifest } from "../manifest.ts";
import { metadataOf } from "../manifest.ts";
import { type AwaitRule, ready, type Verdict, waiting } from "./verdict.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}
interface Workload {
  readonly spec?: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly suspend?: boolean;
    readonly completions?: number;
    readonly selector?: { readonly matchLabels?: Record<string, string> };
    readonly updateStrategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly partition?: number };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly phase?: string;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
    readonly active?: number;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly conditions?: readonly Condition[];
  };
}

const read = (object: Manifest): Workload => object as Workload;

/** The condition of that type in `status.conditions`. */
export function conditionOf(object: Manifest, type: string): Condition | undefined {
  return read(object).status?.conditions?.find((condition) => condition.type === type);
}

/** True once the controller has looked at the object as it is now. */
function isObserved(object: Manifest): boolean {
  return (read(object).status?.observedGeneration ?? 0) >= (metadataOf(object).generation ?? 0);
}

const selectorLabels = (object: Manifest): Record<string, string> | undefined =>
  read(object).spec?.selector?.matchLabels;

/** The new ReplicaSet has all its pods, available, and the old ones are gone from the count. */
export const deployment: AwaitRule = {
  podLabels: selectorLabels,
  judge(object) {
    const { spec = {}, status = {} } = read(object);
    if (!isObserved(object)) return waiting("Waiting for the Deployment controller");
    if (spec.paused) return ready;
    const wanted = spec.replicas ?? 1;
    const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
    const isDone = updatedReplicas >= wanted && replicas === updatedReplicas && availableReplicas >= wanted;
    if (isDone) return ready;
    if (replicas > wanted && updatedReplicas >= wanted && availableReplicas >= wanted) {
      return waiting(`Waiting for ${replicas - wanted} old Pods to be removed`);
    }
    const available = Math.min(availableReplicas, updatedReplicas);
    const failure = conditionOf(object, "ReplicaFailure");
    const because = failure?.status === "True" ? `: ${failure.message ?? failure.reason}` : "";
    return waiting(
      `Waiting for app ReplicaSet to be available (${available}/${wanted} Pods available)${because}`,
    );
  },
};

/** All replicas are ready and of the update revision, as far as the update strategy lets them. */
export const statefulSet: AwaitRule = {
  podLabels: selectorLabels,
  judge(object) {
    const { spec = {}, status = {} } = read(object);
    if (!isObserved(object)) return waiting("Waiting for the StatefulSet controller");
    const wanted = spec.replicas ?? 1;
    const { replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status;
    const onDelete = spec.updateStrategy?.type === "OnDelete";
    const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
    const isUpdated =
      onDelete ||
      (partition > 0
        ? updatedReplicas >= Math.max(0, wanted - partition)
        : wanted === 0 || (status.updateRevision === status.currentRevision && updatedReplicas >= wanted));
    const ready_ = status.availableReplicas ?? readyReplicas;
    if (isUpdated && replicas === wanted && ready_ >= wanted) return ready;
    if (!isUpdated && ready_ >= wanted) {
      return waiting(
        `Waiting for StatefulSet update to roll out (${updatedReplicas}/${wanted} Pods updated)`,
      );
    }
    return waiting(`Waiting for StatefulSet Pods to be ready (${ready_}/${wanted} Pods ready)`);
  },
};

/** Every node that should run the new pod does. */
export const daemonSet: AwaitRule = {
  podLabels: selectorLabels,
  judge(object) {
    const { spec = {}, status = {} } = read(object);
    if (!isObserved(object)) return waiting("Waiting for the DaemonSet controller");
    const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
    const isUpdated = spec.updateStrategy?.type === "OnDelete" || updatedNumberScheduled >= wanted;
    if (isUpdated && numberAvailable >= wanted) return ready;
    return waiting(
      `Waiting for DaemonSet Pods to be available (${numberAvailable}/${wanted} Pods available)`,
    );
  },
};

/** The Job is complete; a failed one fails at once. */
export const job: AwaitRule = {
  podLabels: selectorLabels,
  judge(object) {
    const { spec = {}, status = {} } = read(object);
    if (conditionOf(object, "Complete")?.status === "True" || spec.suspend) return ready;
    const failure = conditionOf(object, "Failed");
    if (failure?.status === "True") {
      return {
        state: "failed",
        reasons: [`Job failed: ${[failure.reason, failure.message].filter(Boolean).join(": ")}`],
      };
    }
    const { active = 0, succeeded = 0, failed = 0 } = status;
    const counts = `${active} Pods active, ${succeeded}/${spec.completions ?? 1} succeeded, ${failed} failed`;
    return waiting(`Waiting for Job to complete (${counts})`);
  },
};

/** The pod is ready, or has done its work. */
export const pod: AwaitRule = {
  podLabels: (object) => metadataOf(object).labels,
  judge(object): Verdict {
    const { phase } = read(object).status ?? {};
    if (phase === "Succeeded" || conditionOf(object, "Ready")?.status === "True") return ready;
    if (phase === "Failed") return { state: "failed", reasons: ["Pod failed"] };
    return waiting(`Waiting for Pod to be ready (${phase ?? "Pending"})`);
  },
};
