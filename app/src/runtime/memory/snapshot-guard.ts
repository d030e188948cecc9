const MiB = 1024 ** 2;

/** Memory and disk before a snapshot, in bytes. */
export interface SnapshotConditions {
  /** Memory limit of the container. */
  limitBytes: number;
  /** Memory in use of the container. */
  usedBytes: number;
  /** V8's heap after a full collection. */
  heapUsedBytes: number;
  /** The part of `usedBytes` that earlier snapshots left for reuse. */
  reusableBytes: number;
  diskFreeBytes: number;
}

/** Estimated needs of a snapshot. */
export interface SnapshotNeed {
  memoryNeededBytes: number;
  diskNeededBytes: number;
}

/*
 * Measured with v8.writeHeapSnapshot on Node 24.21 (V8 13.6), growth of the resident set per byte of heap in use: 5.4 for
 * the idle API (14 MiB of heap, mostly code), 7.7 to 9.2 for small objects (19 to 191 MiB), 1.5 to 1.7 for strings of 1 KiB.
 * v8.getHeapSnapshot as a stream takes 4 to 12 % more. The file is 0.2 to 1.4 times the heap.
 */
const programHeapBytes = 16 * MiB;
const memoryPerProgramByte = 6;
const memoryPerByte = 10;
const diskPerByte = 2;
/** The process keeps the memory that a snapshot used: above this share of the limit there is no room left to serve. */
const maxLimitShare = 0.9;

/** Estimates what a snapshot needs. `refusal` is the reason why it must not be taken; undefined if there is room. */
export function checkRoom(conditions: SnapshotConditions): SnapshotNeed & { refusal?: string } {
  const { limitBytes, usedBytes, heapUsedBytes, reusableBytes, diskFreeBytes } = conditions;
  const program = Math.min(heapUsedBytes, programHeapBytes);
  const needed = program * memoryPerProgramByte + (heapUsedBytes - program) * memoryPerByte;
  // Only half of the reusable memory counts: later allocations may have used the rest.
  const memoryNeededBytes = Math.round(Math.max(0, needed - reusableBytes / 2));
  const diskNeededBytes = heapUsedBytes * diskPerByte;
  const maxBytes = Math.round(limitBytes * maxLimitShare);
  const need = { memoryNeededBytes, diskNeededBytes };
  if (usedBytes + memoryNeededBytes > maxBytes) {
    return {
      ...need,
      refusal: `no room in memory: a snapshot of ${mib(heapUsedBytes)} of heap may take ${mib(memoryNeededBytes)}, and with ${mib(usedBytes)} in use that is more than nine tenths of the limit of ${mib(limitBytes)}`,
    };
  }
  if (diskNeededBytes > diskFreeBytes) {
    return {
      ...need,
      refusal: `no room on disk: a snapshot of ${mib(heapUsedBytes)} of heap may take ${mib(diskNeededBytes)}, and ${mib(diskFreeBytes)} are free`,
    };
  }
  return need;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`;
}
