/** The part of the kubelet's `/stats/summary` that is read here. */
export interface StatsSummary {
  pods?: {
    podRef: { uid: string };
    containers?: { name: string; memory?: { time?: string; workingSetBytes?: number } }[];
  }[];
}

/** The memory of one container at one moment. */
export interface MemoryReading {
  /** See `memoryKey`. */
  key: string;
  /** When the kubelet measured it, epoch ms. */
  takenMs: number;
  /** Working set. */
  bytes: number;
}

/** The key of a container's readings. @param uid of its pod */
export function memoryKey(uid: string, container: string): string {
  return `${uid}/${container}`;
}

/** The readings in a summary. A container with a missing value has none, because a missing value is not a zero. */
export function memoryReadings(summary: StatsSummary): MemoryReading[] {
  return (summary.pods ?? []).flatMap(({ podRef, containers = [] }) =>
    containers.flatMap(({ name, memory }) => {
      const takenMs = Date.parse(memory?.time ?? "");
      if (!memory?.workingSetBytes || Number.isNaN(takenMs)) return [];
      return [{ key: memoryKey(podRef.uid, name), takenMs, bytes: memory.workingSetBytes }];
    }),
  );
}

/**
 * More than this without a new reading of a running container is a gap. The kubelet measures anew for each request with
 * `only_cpu_and_memory` (tested; without it the kubelet repeats the values of its own 10 s cycle), so each sample has one.
 */
export const longestGapMs = 10_000;

interface Series {
  readings: MemoryReading[];
  /** When the last new reading came or the container began to run, epoch ms of this machine. */
  sinceMs: number;
  worstGapMs: number;
}

/** Collects the readings of a run and finds gaps in them. Pure: each sample comes with its time. */
export class MemorySamples {
  readonly #series = new Map<string, Series>();

  /**
   * Adds the readings of one sample. Call it without readings when the sample failed.
   *
   * @param running keys of the containers that run now, and so must have readings
   */
  add(readings: readonly MemoryReading[], running: ReadonlySet<string>, nowMs: number): void {
    for (const key of running) {
      if (!this.#series.has(key)) this.#series.set(key, { readings: [], sinceMs: nowMs, worstGapMs: 0 });
    }
    for (const reading of readings) {
      const series = this.#series.get(reading.key);
      // The kubelet repeats a value until it measures again.
      if (!series || series.readings.at(-1)?.takenMs === reading.takenMs) continue;
      series.readings.push(reading);
      series.sinceMs = nowMs;
    }
    for (const [key, series] of this.#series) {
      if (!running.has(key)) series.sinceMs = nowMs;
      series.worstGapMs = Math.max(series.worstGapMs, nowMs - series.sinceMs);
    }
  }

  /** The readings of a container, oldest first. */
  readings(key: string): readonly MemoryReading[] {
    return this.#series.get(key)?.readings ?? [];
  }

  /** The longest time that a running container had no new reading, in ms. */
  worstGapMs(key: string): number {
    return this.#series.get(key)?.worstGapMs ?? 0;
  }

  /** The highest reading of a container; undefined when there are no readings. */
  peakBytes(key: string): number | undefined {
    const readings = this.readings(key);
    return readings.length === 0 ? undefined : Math.max(...readings.map((reading) => reading.bytes));
  }
}
