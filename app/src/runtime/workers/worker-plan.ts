import type { AppConfig } from "../../config/config.ts";

const MiB = 1024 ** 2;
/** What the processes of a pod share: the pages of Node's binary. In each one's resident memory, once in the pod's. */
const sharedBytes = 48 * MiB;
const supervisorBytes = 32 * MiB;
/** A worker that has just started, without what is shared. */
const freshWorkerBytes = 64 * MiB;
/** The least that a worker should have to itself: as much again as it starts with, by half. */
const leastWorkerBytes = 96 * MiB;
/** Of what a worker has to itself: code, stacks and buffers, beside V8's heap. */
const besideHeapBytes = 16 * MiB;
const heapShare = 0.75;
/** Of the pod's limit; the rest is the kernel's, for sockets and page tables, which count as well. */
const usableShare = 0.95;
/** A worker is replaced before it is so full that it refuses requests. */
const ceilingShare = 0.88;

export interface WorkerPlan {
  workers: number;
  /** Resident memory at which a worker is replaced. */
  ceilingBytes: number;
  /** Resident memory that a worker may count on. */
  limitBytes: number;
  /** V8's old space, for `--max-old-space-size`. */
  heapMiB: number;
  /** Why there are fewer workers than were asked for. */
  cut?: string;
}

export interface PlanInput {
  asked: number | "max";
  /** Cores, perhaps a fraction. */
  cpus: number;
  /** Of the pod. */
  memoryBytes: number;
  /** Resident memory at which a worker is replaced; 0: derived. */
  ceilingBytes: number;
}

/**
 * How many workers a pod runs, and what memory each has. The pod's memory has room for all of them at their ceiling and
 * for one more that has just started, the replacement of one that reached it.
 */
export function planWorkers({ asked, cpus, memoryBytes, ceilingBytes }: PlanInput): WorkerPlan {
  const forWorkers = memoryBytes * usableShare - sharedBytes - supervisorBytes;
  const atCeiling = forWorkers - freshWorkerBytes;
  const fitting = Math.max(1, Math.floor(atCeiling / leastWorkerBytes));
  const wanted = asked === "max" ? Math.max(1, Math.floor(cpus)) : asked;
  const workers = Math.min(wanted, fitting);
  const ownBytes = Math.max(leastWorkerBytes, atCeiling / workers);
  const limitBytes = Math.floor(Math.max(ownBytes, forWorkers / workers) + sharedBytes);
  return {
    workers,
    limitBytes,
    ceilingBytes: ceilingBytes || Math.floor(Math.min(ownBytes + sharedBytes, limitBytes * ceilingShare)),
    heapMiB: Math.floor(((ownBytes - besideHeapBytes) * heapShare) / MiB),
    ...(asked !== "max" &&
      workers < asked && {
        cut: `${asked} workers were asked for; ${Math.floor(memoryBytes / MiB)} MiB of memory have room for ${workers}`,
      }),
  };
}

/** What a worker knows of its place in the pod. */
export interface WorkerPlace {
  /** From 1. */
  number: number;
  limitBytes: number;
}

/** What a worker's environment has beside the pod's: its place, and its share of what is configured for the pod. */
export function workerEnvironment(
  plan: WorkerPlan,
  number: number,
  cpus: number,
  config: Pick<AppConfig, "heavy" | "database">,
): Record<string, string> {
  const share = (whole: number) => String(Math.max(1, Math.floor(whole / plan.workers)));
  return {
    WORKER_NUMBER: String(number),
    WORKER_MEMORY_LIMIT_BYTES: String(plan.limitBytes),
    DATABASE_POOL_SIZE: share(config.database.poolSize),
    ...(config.heavy.threads === "auto" && { HEAVY_THREADS: share(cpus) }),
  };
}

/** Reads what {@link workerEnvironment} wrote. */
export function workerPlace(env: NodeJS.ProcessEnv): WorkerPlace {
  return { number: Number(env.WORKER_NUMBER), limitBytes: Number(env.WORKER_MEMORY_LIMIT_BYTES) };
}
