/** Upper ends of the latency buckets, in seconds. */
export const latencyBuckets: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Requests of one route: by status, and how long they took. */
export class RouteTally {
  readonly method: string;
  readonly route: string;
  readonly byStatus = new Map<number, number>();
  /** Requests by latency bucket, not summed up; the last one is for all that took longer. */
  readonly latency = new Array<number>(latencyBuckets.length + 1).fill(0);
  secondsTotal = 0;

  constructor(method: string, route: string) {
    this.method = method;
    this.route = route;
  }

  count(status: number, seconds: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    let bucket = 0;
    while (bucket < latencyBuckets.length && seconds > (latencyBuckets[bucket] ?? 0)) bucket++;
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1;
    this.secondsTotal += seconds;
  }
}
