const MiB = 1024 ** 2;

/** Bytes, at the moment of asking. */
export interface SnapshotConditions {
  /** Memory that the process and its like may use. */
  limitBytes: number;
  /** What they use of it. */
  usedBytes: number;
  /** V8's heap after a full collection. */
  heapUsedBytes: number;
  /** Of `usedBytes`: left over from an earlier snapshot, for the next to use. */
  reusableBytes: number;
  diskFreeBytes: number;
}

export interface SnapshotNeed {
  memoryNeededBytes: number;
  diskNeededBytes: number;
}

/*
 * Measured on Node 24.21 (V8 13.6), v8.writeHeapSnapshot, growth of the resident set per byte of heap in use: 5.4 for this
 * API at rest (14 MiB of heap, mostly code), 7.7 to 9.2 for small objects (19 to 191 MiB), 1.5 to 1.7 for strings of 1 KiB.
 * v8.getHeapSnapshot as a stream takes 4 to 12 % more. The file is 0.2 to 1.4 times the heap.
 */
const programHeapBytes = 16 * MiB;
const memoryPerProgramByte = 6;
const memoryPerByte = 10;
const diskPerByte = 2;
/** What a snapshot took stays with the process: above this share of the limit there would be no room left to serve. */
const mostOfLimit = 0.9;

/** What a snapshot needs, and why it must not be taken; no reason: there is room for it. */
export function checkRoom(conditions: SnapshotConditions): SnapshotNeed & { refusal?: string } {
  const { limitBytes, usedBytes, heapUsedBytes, reusableBytes, diskFreeBytes } = conditions;
  const program = Math.min(heapUsedBytes, programHeapBytes);
  const needed = program * memoryPerProgramByte + (heapUsedBytes - program) * memoryPerByte;
  // Half of it: what else was allocated since then may have used the rest.
  const memoryNeededBytes = Math.round(Math.max(0, needed - reusableBytes / 2));
  const diskNeededBytes = heapUsedBytes * diskPerByte;
  const most = Math.round(limitBytes * mostOfLimit);
  const need = { memoryNeededBytes, diskNeededBytes };
  if (usedBytes + memoryNeededBytes > most) {
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
