/** What this reads of the kubelet's `/stats/summary`. */
export interface StatsSummary {
  pods?: {
    podRef: { uid: string };
    containers?: { memory?: { time?: string; workingSetBytes?: number } }[];
  }[];
}

/** One figure of a pod: when the kubelet took it (epoch ms) and the working set of its containers together. */
export interface MemoryReading {
  uid: string;
  takenMs: number;
  bytes: number;
}

/** The readings in a summary; a pod whose figures are not complete gives none, since a missing figure is not a zero. */
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
 * Longer than this without a new figure of a running pod is a gap. The kubelet takes new ones for each request that asks
 * for CPU and memory only (measured; without that it repeats those of its own 10 s round), so a look gives one.
 */
export const longestGapMs = 10_000;

interface Series {
  readings: MemoryReading[];
  /** When (epoch ms of our clock) the last fresh figure came, or the pod began to run. */
  sinceMs: number;
  worstGapMs: number;
}

/** Collects the readings of a run and knows where they are missing. Pure: time comes in with each look. */
export class MemorySamples {
  readonly #series = new Map<string, Series>();

  /**
   * Takes one look's readings. Call it for each look, without readings when they could not be had.
   *
   * @param running UIDs of the pods whose containers all run at this look, and so must have figures
   */
  add(readings: readonly MemoryReading[], running: ReadonlySet<string>, nowMs: number): void {
    for (const uid of running) {
      if (!this.#series.has(uid)) this.#series.set(uid, { readings: [], sinceMs: nowMs, worstGapMs: 0 });
    }
    for (const reading of readings) {
      const series = this.#series.get(reading.uid);
      // The kubelet gives the same figure again until it takes a new one.
      if (!series || series.readings.at(-1)?.takenMs === reading.takenMs) continue;
      series.readings.push(reading);
      series.sinceMs = nowMs;
    }
    for (const [uid, series] of this.#series) {
      if (!running.has(uid)) series.sinceMs = nowMs;
      series.worstGapMs = Math.max(series.worstGapMs, nowMs - series.sinceMs);
    }
  }

  readings(uid: string): readonly MemoryReading[] {
    return this.#series.get(uid)?.readings ?? [];
  }

  /** The longest time that a running pod went without a fresh figure, in ms. */
  worstGapMs(uid: string): number {
    return this.#series.get(uid)?.worstGapMs ?? 0;
  }

  /** Undefined without any reading. */
  peakBytes(uid: string): number | undefined {
    const readings = this.readings(uid);
    return readings.length === 0 ? undefined : Math.max(...readings.map((reading) => reading.bytes));
  }
}
