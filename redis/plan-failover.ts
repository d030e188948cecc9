import type { KnownNode } from "./cluster-nodes.ts";

/** What one node that replies knows of the cluster. */
export interface Witness {
  name: string;
  known: readonly KnownNode[];
}

/** A primary that has failed, and its replicas that reply. */
export interface Failover {
  goneId: string;
  /** Names of the replicas. */
  replicas: string[];
}

/**
 * Primaries that do not reply, that a majority of all primaries suspects to have failed, and that have replicas. These are the
 * conditions of Redis' own failover, which then waits until all have heard of the suspicion, and 0.5 to 1 s more.
 *
 * @param witnesses the nodes that reply
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#failure-detection
 */
export function planFailovers(witnesses: readonly Witness[]): Failover[] {
  const nodes = witnesses.flatMap(({ name, known }) => {
    const self = known.find(({ isSelf }) => isSelf);
    return self === undefined ? [] : [{ name, known, self }];
  });
  const replying = new Set(nodes.map(({ self }) => self.id));
  const isVoter = ({ role, slots }: KnownNode) => role === "primary" && slots.length > 0;
  const voters = nodes.filter(({ self }) => isVoter(self));
  const suspicions = new Map<string, number>();
  for (const { known } of voters)
    for (const entry of known)
      if (isVoter(entry) && !entry.isHealthy && !entry.inHandshake && !replying.has(entry.id))
        suspicions.set(entry.id, (suspicions.get(entry.id) ?? 0) + 1);
  const size = Math.max(0, ...voters.map(({ known }) => known.filter(isVoter).length));
  const majority = Math.floor(size / 2) + 1;
  return [...suspicions].flatMap(([goneId, count]) => {
    const replicas = nodes.filter(({ self }) => self.primaryId === goneId).map(({ name }) => name);
    return count >= majority && replicas.length > 0 ? [{ goneId, replicas }] : [];
  });
}
