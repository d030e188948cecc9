import type { Finding } from "./finding.ts";

/** A request that ends its pod, and how many pods it has ended. */
export interface Poisoned {
  method: string;
  ended: number;
}

const part = "retries";
/** Methods that may be repeated. */
const idempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];

/** Largest number of pods that one request may end. */
export function mostEnded(method: string): number {
  return idempotent.includes(method) ? 2 : 1;
}

/** The findings about requests that end their pods. A request that ends no pod shows nothing. */
export function judgeDeaths(poisoned: readonly Poisoned[]): Finding[] {
  return [2, 1].map((most): Finding => {
    const own = poisoned.filter(({ method }) => mostEnded(method) === most);
    const methods = [...new Set(own.map(({ method }) => method))].join(", ");
    const largest = Math.max(0, ...own.map(({ ended }) => ended));
    return {
      part,
      check: `pods ended by one ${methods}, ${own.length} requests`,
      measured: `at most ${largest}`,
      target: `at most ${most}`,
      isMet: own.length > 0 && own.every(({ ended }) => ended >= 1 && ended <= most),
      values: own,
    };
  });
}

/** POST requests that were sent while pods ended, by their ids. */
export interface PostRecord {
  sent: number;
  failed: readonly string[];
  /** How often each one was received, for each pod. */
  received: readonly Readonly<Record<string, number>>[];
}

/**
 * The finding about POST requests that are sent while pods end. One that is in a pod at that time fails, and no other pod
 * gets it. One that no pod has received may be sent to others, so that it does not fail.
 */
export function judgePosts({ sent, failed, received }: PostRecord): Finding {
  const counts = new Map<string, number>();
  for (const ofPod of received)
    for (const [id, count] of Object.entries(ofPod)) counts.set(id, (counts.get(id) ?? 0) + count);
  const repeated = [...counts].filter(([, count]) => count > 1);
  const unsent = failed.filter((id) => !counts.has(id));
  return {
    part,
    check: `${sent} POST beside pods that end`,
    measured: `${repeated.length} repeated; ${failed.length - unsent.length} failed in their pods, ${unsent.length} in none`,
    target: "0 repeated, 0 failed in none",
    isMet: repeated.length === 0 && unsent.length === 0 && counts.size > 0,
    values: { repeated, unsent },
  };
}
