import { setTimeout as sleep } from "node:timers/promises";
import { RunError } from "@pulumi/pulumi";
import type { Problem } from "../config/problem.ts";
import { formatBytes } from "../config/units.ts";
import { type ClusterReader, pathOf, requestTimeoutMs } from "./cluster-reader.ts";
import { readClaims } from "./live-stack.ts";
import type { Growth } from "./volume-plan.ts";

/** Statuses with which the API server refuses a size: the class or the quota does not allow it, or the rules of claims. */
const refusals = [403, 422];
const pollMs = 1000;

/**
 * Asks the API server whether the claims may grow, without changing them.
 *
 * @param problemOf describes a refusal to the user
 * @throws {Error} when the API server does not respond.
 */
export async function checkGrowths(
  cluster: ClusterReader,
  namespace: string,
  growths: readonly Growth[],
  problemOf: (growth: Growth, reason: string) => Problem,
): Promise<Problem[]> {
  for (const growth of growths) {
    try {
      await resize(cluster, namespace, growth, true);
    } catch (error) {
      const { status, message } = error as Error & { status?: number };
      if (!refusals.includes(status ?? 0)) throw error;
      // One claim stands for all: they have the same class and get the same size.
      return [problemOf(growth, message)];
    }
  }
  return [];
}

/**
 * Lets the claims grow, and waits until their volumes have the new size. Drivers that resize the file system at the next
 * mount only count as done.
 *
 * @throws {RunError} when a volume has not grown in time; {Error} when the API server refuses.
 */
export async function growClaims(
  cluster: ClusterReader,
  namespace: string,
  growths: readonly Growth[],
  timeoutMs = 60_000,
): Promise<void> {
  for (const growth of growths) await resize(cluster, namespace, growth, false);
  const deadline = Date.now() + timeoutMs;
  let left = [...growths];
  for (;;) {
    const claims = await readClaims(cluster, namespace);
    left = left.filter(({ claim, to }) => {
      const found = claims.find(({ name }) => name === claim);
      return found !== undefined && !found.growsAtNextMount && (found.capacity ?? 0) < to;
    });
    const [first] = left;
    if (first === undefined) return;
    if (Date.now() > deadline)
      throw new RunError(
        `The volume of ${first.claim} has not grown to ${formatBytes(first.to)} within ${timeoutMs / 1000} s: kubectl describe pvc -n ${namespace} ${first.claim} says why`,
      );
    await sleep(pollMs);
  }
}

function resize(
  cluster: ClusterReader,
  namespace: string,
  { claim, to }: Growth,
  dryRun: boolean,
): Promise<void> {
  const patch = { spec: { resources: { requests: { storage: String(to) } } } };
  return cluster.patch(pathOf("persistentvolumeclaims", namespace, claim), patch, requestTimeoutMs, dryRun);
}
