import { type Bytes, MiB } from "./units.ts";

/**
 * V8's old space in a container with this limit: three quarters of what remains after 64 MiB for the binary, stacks,
 * young space and buffers. 192 MiB → 96.
 */
export function heapMiB(memory: Bytes): number {
  return Math.floor((memory / MiB - 64) * 0.75);
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
