/** When a pod of an autoscaled workload came and went, in epoch ms. */
export interface PodLife {
  uid: string;
  /** The version of the workload that it belongs to. */
  template: string | undefined;
  /** Absent: it was there when the run began. */
  newAtMs?: number;
  /** Absent: it is still there. */
  goneAtMs?: number;
}

/** A pod that is deleted or evicted gets another one in its place at once. Pods are listed about once in a second. */
const replacedWithinMs = 5000;
const listedEveryMs = 3000;

/**
 * The pods that an autoscaler removed: no other pod came in their place, and none of another version of the workload came at all, as
 * in a rollout.
 *
 * @param lives of all pods of one workload
 * @returns their UIDs
 */
export function scaledAway(lives: readonly PodLife[]): string[] {
  const replacements = lives.filter(({ newAtMs }) => newAtMs !== undefined);
  const used = new Set<PodLife>();
  const gone = lives
    .filter(({ goneAtMs }) => goneAtMs !== undefined)
    .toSorted((a, b) => (a.goneAtMs ?? 0) - (b.goneAtMs ?? 0));
  return gone.flatMap(({ uid, template, goneAtMs = 0 }) => {
    if (replacements.some((other) => other.template !== template)) return [];
    const replacement = replacements.find(
      (other) =>
        !used.has(other) &&
        other.uid !== uid &&
        (other.newAtMs ?? 0) >= goneAtMs - listedEveryMs &&
        (other.newAtMs ?? 0) <= goneAtMs + replacedWithinMs,
    );
    if (replacement === undefined) return [uid];
    used.add(replacement);
    return [];
  });
}
