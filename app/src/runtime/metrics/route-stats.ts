import { type HistogramData, LatencyHistogram } from "./latency-histogram.ts";

const minuteMs = 60_000;
const minutesKept = 60;

/** A tally as plain data, for another process. */
export interface RouteTallyData {
  method: string;
  route: string;
  /** Requests by status, in pairs. */
  byStatus: [status: number, count: number][];
  secondsTotal: number;
  latency: HistogramData;
  /** Requests in each of the last 60 minutes, the one under way last. */
  perMinute: number[];
  /** The minute of `perMinute`'s last, counted from 1970. */
  minute: number;
}

/** Requests of one route: by status, how long they took, and how many in each minute of the last hour. */
export class RouteTally {
  readonly method: string;
  readonly route: string;
  readonly #byStatus = new Map<number, number>();
  readonly #latency = new LatencyHistogram();
  readonly #perMinute = new Array<number>(minutesKept).fill(0);
  #minute = 0;
  #secondsTotal = 0;

  constructor(method: string, route: string) {
    this.method = method;
    this.route = route;
  }

  count(status: number, seconds: number, nowMs = Date.now()): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
    this.#latency.record(seconds);
    this.#secondsTotal += seconds;
    this.#turnTo(Math.floor(nowMs / minuteMs));
    const slot = this.#minute % minutesKept;
    this.#perMinute[slot] = (this.#perMinute[slot] ?? 0) + 1;
  }

  toData(nowMs = Date.now()): RouteTallyData {
    this.#turnTo(Math.floor(nowMs / minuteMs));
    const oldest = (this.#minute + 1) % minutesKept;
    return {
      method: this.method,
      route: this.route,
      byStatus: [...this.#byStatus],
      secondsTotal: this.#secondsTotal,
      latency: this.#latency.toData(),
      perMinute: [...this.#perMinute.slice(oldest), ...this.#perMinute.slice(0, oldest)],
      minute: this.#minute,
    };
  }

  /** Clears the minutes that nobody asked for in. A clock that was set back counts on in the newest minute. */
  #turnTo(minute: number): void {
    if (minute <= this.#minute) return;
    for (let each = Math.max(this.#minute + 1, minute - minutesKept + 1); each <= minute; each++)
      this.#perMinute[each % minutesKept] = 0;
    this.#minute = minute;
  }
}

/** Adds up the tallies of several processes, by method and route. */
export function mergeTallies(all: readonly RouteTallyData[]): RouteTallyData[] {
  const byRoute = new Map<string, RouteTallyData[]>();
  for (const tally of all) {
    const key = `${tally.method} ${tally.route}`;
    byRoute.set(key, [...(byRoute.get(key) ?? []), tally]);
  }
  return [...byRoute.values()].map((same) => same.reduce(sumOf));
}

function sumOf(a: RouteTallyData, b: RouteTallyData): RouteTallyData {
  const byStatus = new Map(a.byStatus);
  for (const [status, count] of b.byStatus) byStatus.set(status, (byStatus.get(status) ?? 0) + count);
  const latency = new LatencyHistogram();
  latency.add(a.latency);
  latency.add(b.latency);
  const minute = Math.max(a.minute, b.minute);
  const inMinute = (tally: RouteTallyData, at: number) => tally.perMinute[at + minute - tally.minute] ?? 0;
  return {
    method: a.method,
    route: a.route,
    byStatus: [...byStatus],
    secondsTotal: a.secondsTotal + b.secondsTotal,
    latency: latency.toData(),
    perMinute: a.perMinute.map((_, at) => inMinute(a, at) + inMinute(b, at)),
    minute,
  };
}
