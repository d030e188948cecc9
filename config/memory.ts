import { type Bytes, MiB } from "./units.ts";

/**
 * V8's old space in a container with this limit: three quarters of what remains after 64 MiB for the binary, stacks,
 * young space and buffers. 192 MiB → 96.
 */
export function heapMiB(memory: Bytes): number {
  return Math.floor((memory / MiB - 64) * 0.75);
}

/**
 * PostgreSQL's `max_wal_size` in MiB: a quarter of the volume, at most 1 GiB, PostgreSQL's default. The log may exceed it
 * for a while, and a full volume stops the database. The minimum is two segments of 16 MiB.
 */
export function databaseWalMiB(storage: Bytes): number {
  return Math.max(32, Math.min(1024, Math.floor(storage / MiB / 4)));
}

/** How many worker processes fit into an API pod with this limit; the API starts no more (`worker-plan.ts`). */
export function fittingWorkers(memory: Bytes): number {
  return Math.max(1, Math.floor((memory * 0.95 - 144 * MiB) / (96 * MiB)));
}

/** Heap snapshots kept in each pod. */
export const heapSnapshotsKept = 2;

/**
 * Size of the volume for heap snapshots: those that are kept and the one that is being written, each up to three times
 * the heap, since a snapshot is text. The kubelet evicts a pod that exceeds its volume's limit, so the size is generous.
 */
export function heapSnapshotBytes(memory: Bytes): Bytes {
  return (heapSnapshotsKept + 1) * 3 * heapMiB(memory) * MiB;
}

/**
 * Redis' `maxmemory` in a container with this limit: 60 % of what remains after 12 MiB for the program itself. The rest
 * is for replication, client buffers and the copies that a fork for the append-only file makes. 64 MiB → 31.2.
 */
export function redisMaxmemory(memory: Bytes): Bytes {
  return Math.floor((memory - 12 * MiB) * 0.6);
}

/**
 * Shared memory that PostgreSQL takes for its connections when it starts, also for those that nobody opens: 33 KiB for
 * each, measured from 100 to 10,000 as the proportional set size of all its processes.
 */
export function databaseStartBytes(maxConnections: number): Bytes {
  return Math.ceil((maxConnections * 36) / 1024) * MiB;
}
