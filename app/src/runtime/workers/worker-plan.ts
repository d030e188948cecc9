import type { AppConfig } from "../../config/config.ts";

const MiB = 1024 ** 2;
/** Pages of the Node.js binary, which all processes share: counted in the RSS of each process, but once in the pod's. */
const sharedBytes = 48 * MiB;
const supervisorBytes = 32 * MiB;
/** Memory of a worker that has just started, without shared pages. */
const freshWorkerBytes = 64 * MiB;
/** Minimum memory of a worker without shared pages: 1.5 times its memory at the start. */
const minWorkerBytes = 96 * MiB;
/** Memory of a worker in addition to V8's heap and shared pages: code, stacks and buffers. */
const besideHeapBytes = 16 * MiB;
const heapShare = 0.75;
/** Usable share of the pod's limit. The kernel uses the rest for sockets and page tables, which count too. */
const usableShare = 0.95;
/** Share of a worker's limit at which it is replaced: before load shedding starts. */
const ceilingShare = 0.88;

/** Number and memory of a pod's workers. */
export interface WorkerPlan {
  workers: number;
  /** Resident memory at which a worker is replaced. */
  ceilingBytes: number;
  /** Resident memory available to a worker. */
  limitBytes: number;
  /** V8's old space, for `--max-old-space-size`. */
  heapMiB: number;
  /** Why there are fewer workers than configured. */
  reduced?: string;
}

/** Configuration and limits of the pod. */
export interface PlanInput {
  count: number | "max";
  /** CPU quota in cores; may be a fraction. */
  cpus: number;
  /** Memory limit of the pod. */
  memoryBytes: number;
  /** Resident memory at which a worker is replaced; 0: derived. */
  ceilingBytes: number;
}

/**
 * Plans the number of workers and the memory of each. The pod's memory fits all workers at their ceiling plus one that
 * has just started as a replacement.
 */
export function planWorkers({ count, cpus, memoryBytes, ceilingBytes }: PlanInput): WorkerPlan {
  const forWorkers = memoryBytes * usableShare - sharedBytes - supervisorBytes;
  const atCeiling = forWorkers - freshWorkerBytes;
  const fitting = Math.max(1, Math.floor(atCeiling / minWorkerBytes));
  const wanted = count === "max" ? Math.max(1, Math.floor(cpus)) : count;
  const workers = Math.min(wanted, fitting);
  const ownBytes = Math.max(minWorkerBytes, atCeiling / workers);
  const limitBytes = Math.floor(Math.max(ownBytes, forWorkers / workers) + sharedBytes);
  return {
    workers,
    limitBytes,
    ceilingBytes: ceilingBytes || Math.floor(Math.min(ownBytes + sharedBytes, limitBytes * ceilingShare)),
    heapMiB: Math.floor(((ownBytes - besideHeapBytes) * heapShare) / MiB),
    ...(count !== "max" &&
      workers < count && {
        reduced: `WORKERS is ${count}; ${Math.floor(memoryBytes / MiB)} MiB of memory have room for ${workers}`,
      }),
  };
}

/** Variables that a worker gets in addition to the pod's: its index, and its share of the pod's limits. */
export function workerEnvironment(
  plan: WorkerPlan,
  workerIndex: number,
  cpus: number,
  config: Pick<AppConfig, "cpuPool" | "database">,
): Record<string, string> {
  const share = (whole: number) => String(Math.max(1, Math.floor(whole / plan.workers)));
  return {
    WORKER_NUMBER: String(workerIndex),
    WORKER_MEMORY_LIMIT_BYTES: String(plan.limitBytes),
    DATABASE_POOL_SIZE: share(config.database.poolSize),
    ...(config.cpuPool.threads === "auto" && { HEAVY_THREADS: share(cpus) }),
  };
}

/** Reads the variables that {@link workerEnvironment} sets. */
export function readWorkerEnvironment(env: NodeJS.ProcessEnv) {
  return { workerIndex: Number(env.WORKER_NUMBER), limitBytes: Number(env.WORKER_MEMORY_LIMIT_BYTES) };
}
