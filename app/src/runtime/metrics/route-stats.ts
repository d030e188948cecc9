import { LatencyHistogram } from "./latency-histogram.ts";

const minuteMs = 60_000;
const minutesKept = 60;

/** The stats of a route as plain data, for another process. */
export type RouteStatsData = ReturnType<RouteStats["toData"]>;

/** Requests of one route: by status, latency, and number in each minute of the last hour. */
export class RouteStats {
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
    this.#advanceTo(Math.floor(nowMs / minuteMs));
    const slot = this.#minute % minutesKept;
    this.#perMinute[slot] = (this.#perMinute[slot] ?? 0) + 1;
  }

  toData(nowMs = Date.now()) {
    this.#advanceTo(Math.floor(nowMs / minuteMs));
    const oldest = (this.#minute + 1) % minutesKept;
    return {
      method: this.method,
      route: this.route,
      byStatus: [...this.#byStatus],
      secondsTotal: this.#secondsTotal,
      latency: this.#latency.toData(),
      // Requests in each of the last 60 minutes; the current minute is last.
      perMinute: [...this.#perMinute.slice(oldest), ...this.#perMinute.slice(0, oldest)],
      // The current minute, counted from 1970.
      minute: this.#minute,
    };
  }

  /** Clears the minutes without requests. After a clock was set back, requests count in the newest minute. */
  #advanceTo(minute: number): void {
    if (minute <= this.#minute) return;
    for (let next = Math.max(this.#minute + 1, minute - minutesKept + 1); next <= minute; next++)
      this.#perMinute[next % minutesKept] = 0;
    this.#minute = minute;
  }
}

/** Adds up the route stats of several processes, by method and route. */
export function mergeRouteStats(all: readonly RouteStatsData[]): RouteStatsData[] {
  const byRoute = new Map<string, RouteStatsData[]>();
  for (const stats of all) {
    const key = `${stats.method} ${stats.route}`;
    byRoute.set(key, [...(byRoute.get(key) ?? []), stats]);
  }
  return [...byRoute.values()].map((same) => same.reduce(sumOf));
}

function sumOf(a: RouteStatsData, b: RouteStatsData): RouteStatsData {
  const byStatus = new Map(a.byStatus);
  for (const [status, count] of b.byStatus) byStatus.set(status, (byStatus.get(status) ?? 0) + count);
  const latency = new LatencyHistogram();
  latency.add(a.latency);
  latency.add(b.latency);
  const minute = Math.max(a.minute, b.minute);
  const inMinute = (stats: RouteStatsData, index: number) =>
    stats.perMinute[index + minute - stats.minute] ?? 0;
  return {
    method: a.method,
    route: a.route,
    byStatus: [...byStatus],
    secondsTotal: a.secondsTotal + b.secondsTotal,
    latency: latency.toData(),
    perMinute: a.perMinute.map((_, index) => inMinute(a, index) + inMinute(b, index)),
    minute,
  };
}
