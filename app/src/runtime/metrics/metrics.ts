import { type Family, processFamilies, requestFamilies } from "./metric-families.ts";
import { sourceFamilies } from "./metric-sources.ts";
import { ProcessSampler } from "./process-stats.ts";
import { RouteStats } from "./route-stats.ts";
import { collectStats, mergeStatsData, type SourceStats, type StatsData } from "./stats.ts";

/** Content type of Prometheus' text exposition format. */
export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * All metrics of this process. Each route counts its requests in plain numbers, which become metrics at a scrape. This
 * costs a tenth of looking up labels at every request.
 */
export class Metrics {
  readonly contentType = metricsContentType;
  readonly #routes: RouteStats[] = [];
  readonly #process = new ProcessSampler();
  readonly #parts: Record<string, () => SourceStats>;

  /** @param parts returns the stats of each part of the API, by name */
  constructor(parts: Record<string, () => SourceStats> = {}) {
    this.#parts = parts;
  }

  /** Creates the stats of a route; the caller counts its requests there. */
  route(method: string, route: string): RouteStats {
    const stats = new RouteStats(method, route);
    this.#routes.push(stats);
    return stats;
  }

  /** Text for GET /metrics. The event loop's stats cover the time since the last call. */
  data(): StatsData {
    return this.#collect(true);
  }

  /** Data for GET /internal/stats, which does not reset the event loop's stats. */
  stats(): StatsData {
    return this.#collect(false);
  }

  async render(): Promise<string> {
    return mergeMetrics([this.data()]);
  }

  #collect(reset: boolean): StatsData {
    return collectStats({ routes: this.#routes, process: this.#process, parts: this.#parts }, reset);
  }
}

/** Renders the metrics of several processes in Prometheus' text exposition format, version 0.0.4. */
export function mergeMetrics(all: readonly StatsData[]): string {
  const merged = mergeStatsData(all);
  return [...requestFamilies(merged), ...processFamilies(merged), ...sourceFamilies(merged)]
    .map(textOf)
    .join("");
}

function textOf({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ suffix = "", labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}
