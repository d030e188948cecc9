/** The part of the kubelet's `/stats/summary` that is read here. */
export interface StatsSummary {
  pods?: {
    podRef: { uid: string };
    containers?: { memory?: { time?: string; workingSetBytes?: number } }[];
  }[];
}

/** The memory of one pod at one moment. */
export interface MemoryReading {
  uid: string;
  /** When the kubelet measured it, epoch ms. */
  takenMs: number;
  /** Working set of all containers together. */
  bytes: number;
}

/** The readings in a summary. A pod with a missing value has none, because a missing value is not a zero. */
export function memoryReadings(summary: StatsSummary): MemoryReading[] {
  return (summary.pods ?? []).flatMap((pod) => {
    const containers = pod.containers ?? [];
    let bytes = 0;
    let takenMs = Number.POSITIVE_INFINITY;
    for (const { memory } of containers) {
      const time = Date.parse(memory?.time ?? "");
      if (!memory?.workingSetBytes || Number.isNaN(time)) return [];
      bytes += memory.workingSetBytes;
      takenMs = Math.min(takenMs, time);
    }
    return containers.length === 0 ? [] : [{ uid: pod.podRef.uid, takenMs, bytes }];
  });
}

/**
 * More than this without a new reading of a running pod is a gap. The kubelet measures anew for each request with
 * `only_cpu_and_memory` (tested; without it the kubelet repeats the values of its own 10 s cycle), so each sample has one.
 */
export const longestGapMs = 10_000;

interface Series {
  readings: MemoryReading[];
  /** When the last new reading came or the pod began to run, epoch ms of this machine. */
  sinceMs: number;
  worstGapMs: number;
}

/** Collects the readings of a run and finds gaps in them. Pure: each sample comes with its time. */
export class MemorySamples {
  readonly #series = new Map<string, Series>();

  /**
   * Adds the readings of one sample. Call it without readings when the sample failed.
   *
   * @param running UIDs of the pods whose containers all run now, and so must have readings
   */
  add(readings: readonly MemoryReading[], running: ReadonlySet<string>, nowMs: number): void {
    for (const uid of running) {
      if (!this.#series.has(uid)) this.#series.set(uid, { readings: [], sinceMs: nowMs, worstGapMs: 0 });
    }
    for (const reading of readings) {
      const series = this.#series.get(reading.uid);
      // The kubelet repeats a value until it measures again.
      if (!series || series.readings.at(-1)?.takenMs === reading.takenMs) continue;
      series.readings.push(reading);
      series.sinceMs = nowMs;
    }
    for (const [uid, series] of this.#series) {
      if (!running.has(uid)) series.sinceMs = nowMs;
      series.worstGapMs = Math.max(series.worstGapMs, nowMs - series.sinceMs);
    }
  }

  /** The readings of a pod, oldest first. */
  readings(uid: string): readonly MemoryReading[] {
    return this.#series.get(uid)?.readings ?? [];
  }

  /** The longest time that a running pod had no new reading, in ms. */
  worstGapMs(uid: string): number {
    return this.#series.get(uid)?.worstGapMs ?? 0;
  }

  /** The highest reading of a pod; undefined when there are no readings. */
  peakBytes(uid: string): number | undefined {
    const readings = this.readings(uid);
    return readings.length === 0 ? undefined : Math.max(...readings.map((reading) => reading.bytes));
  }
}
