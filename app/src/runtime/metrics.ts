import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from "prom-client";
import type { CacheStatus } from "./cache/read-through.ts";
import { latencyBuckets, RouteTally } from "./request-tally.ts";

/** What is measured of the parts at the moment of a scrape. */
export interface Gauges {
  databaseConnections(): { total: number; idle: number; waiting: number };
  heavyQueued(): number;
  invalidationsPending(): number;
}

/**
 * All metrics, in Prometheus' text format. Node's own (memory, garbage collection, event-loop delay) are those of
 * prom-client. Requests are tallied per route in plain numbers and turned into metrics when scraped, which costs a
 * tenth of what looking up labels for every request does.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #routes: RouteTally[] = [];
  readonly #cacheReads: Record<CacheStatus, number> = { HIT: 0, MISS: 0, BYPASS: 0 };
  readonly #invalidationsDropped: Counter;

  constructor(gauges: Gauges) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    const routes = this.#routes;
    new Counter({
      name: "http_requests_total",
      help: "Requests answered on the public port",
      labelNames: ["method", "route", "status"],
      registers,
      collect() {
        this.reset();
        for (const { method, route, byStatus } of routes) {
          for (const [status, count] of byStatus) this.inc({ method, route, status: String(status) }, count);
        }
      },
    });
    this.#registry.registerMetric(latencyHistogram(routes));
    const reads = this.#cacheReads;
    new Counter({
      name: "cache_reads_total",
      help: "Reads through the cache: from it (hit), past it (miss), with it away (bypass)",
      labelNames: ["result"],
      registers,
      collect() {
        this.reset();
        for (const [result, count] of Object.entries(reads))
          this.inc({ result: result.toLowerCase() }, count);
      },
    });
    this.#invalidationsDropped = new Counter({
      name: "cache_invalidations_dropped_total",
      help: "Invalidations given up because too many waited for the cache; those keys may be stale until they expire",
      registers,
    });
    new Gauge({
      name: "cache_invalidations_pending",
      help: "Invalidations that wait for the cache to come back",
      registers,
      collect() {
        this.set(gauges.invalidationsPending());
      },
    });
    new Gauge({
      name: "heavy_tasks_queued",
      help: "Heavy tasks that wait for a worker thread",
      registers,
      collect() {
        this.set(gauges.heavyQueued());
      },
    });
    new Gauge({
      name: "database_connections",
      help: "Connections to the database: all of them, those idle, and queries that wait for one",
      labelNames: ["state"],
      registers,
      collect() {
        for (const [state, count] of Object.entries(gauges.databaseConnections())) this.set({ state }, count);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The tally of a route, to be kept by who counts into it. */
  route(method: string, route: string): RouteTally {
    const tally = new RouteTally(method, route);
    this.#routes.push(tally);
    return tally;
  }

  countCacheRead(status: CacheStatus): void {
    this.#cacheReads[status]++;
  }

  countDroppedInvalidation(): void {
    this.#invalidationsDropped.inc();
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** prom-client's Histogram takes observations only one by one; this one shows tallies as they stand. */
function latencyHistogram(routes: readonly RouteTally[]): Metric {
  const name = "http_request_duration_seconds";
  const get = async () => ({
    name,
    help: "From the request's headers to the end of the answer",
    type: "histogram",
    aggregator: "sum",
    values: routes
      .filter((tally) => tally.byStatus.size > 0)
      .flatMap(({ method, route, latency, secondsTotal }) => {
        let below = 0;
        const buckets = [...latencyBuckets, "+Inf"].map((le, index) => {
          below += latency[index] ?? 0;
          return { metricName: `${name}_bucket`, labels: { method, route, le }, value: below };
        });
        return [
          ...buckets,
          { metricName: `${name}_sum`, labels: { method, route }, value: secondsTotal },
          { metricName: `${name}_count`, labels: { method, route }, value: below },
        ];
      }),
  });
  return { name, get, collect: () => undefined, reset: () => undefined } as unknown as Metric;
}
