import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";

const unitsPerMs = 1000;
const quarterHourMs = 15 * 60 * 1000;

/** Latencies in milliseconds, accurate to three digits from 1 µs to 15 minutes (an HdrHistogram in µs). */
export interface LatencySummary {
  count: number;
  meanMs: number;
  p50Ms: number;
  p75Ms: number;
  p90Ms: number;
  p95Ms: number;
  p99Ms: number;
  p999Ms: number;
  maxMs: number;
  /** The percentile curve: each percentile (0 … 100) with its latency. */
  curve: { percentile: number; ms: number }[];
}

/** Collects latencies. The load test has one for each scenario, and one for each second of the plot over time. */
export class LatencyHistogram {
  readonly #histogram: Histogram;

  private constructor(histogram: Histogram) {
    this.#histogram = histogram;
  }

  static empty(): LatencyHistogram {
    return new LatencyHistogram(
      build({
        lowestDiscernibleValue: 1,
        highestTrackableValue: quarterHourMs * unitsPerMs,
        numberOfSignificantValueDigits: 3,
        autoResize: false,
      }),
    );
  }

  /** Reads the text that `encode` returned. */
  static decode(text: string): LatencyHistogram {
    const decoded = decodeFromCompressedBase64(text);
    return new LatencyHistogram(decoded);
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  /** Adds a latency in ms; values outside 1 µs … 15 minutes count as the nearest end. */
  record(ms: number): void {
    this.#histogram.recordValue(
      Math.min(Math.max(1, Math.round(ms * unitsPerMs)), quarterHourMs * unitsPerMs),
    );
  }

  /** The latency in ms at `percentile` (0 … 100); NaN when nothing was recorded. */
  at(percentile: number): number {
    if (this.count === 0) return Number.NaN;
    return this.#histogram.getValueAtPercentile(percentile) / unitsPerMs;
  }

  get maxMs(): number {
    return this.count === 0 ? Number.NaN : this.#histogram.maxValue / unitsPerMs;
  }

  merge(other: LatencyHistogram): void {
    this.#histogram.add(other.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  /** Compressed text in the format that all HdrHistogram implementations share. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  summary(): LatencySummary {
    return {
      count: this.count,
      meanMs: this.count === 0 ? Number.NaN : this.#histogram.mean / unitsPerMs,
      p50Ms: this.at(50),
      p75Ms: this.at(75),
      p90Ms: this.at(90),
      p95Ms: this.at(95),
      p99Ms: this.at(99),
      p999Ms: this.at(99.9),
      maxMs: this.maxMs,
      curve: this.#curve(),
    };
  }

  /** Ten points for each factor of ten in 1 / (1 − p), up to the percentile that the number of samples resolves. */
  #curve(): LatencySummary["curve"] {
    if (this.count === 0) return [];
    const points: LatencySummary["curve"] = [];
    for (let step = 0; step <= 10 * Math.log10(this.count); step++) {
      const percentile = 100 * (1 - 10 ** (-step / 10));
      points.push({ percentile, ms: this.at(percentile) });
    }
    return points;
  }
}
