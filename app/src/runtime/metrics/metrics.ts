import { type Family, processFamilies, requestFamilies } from "./metric-families.ts";
import { partFamilies } from "./metric-sources.ts";
import { ProcessFigures } from "./process-stats.ts";
import { RouteTally } from "./route-stats.ts";
import { collectStats, type Figures, mergeParts, type StatsPart } from "./stats.ts";

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * All figures of this process. Requests are tallied per route in plain numbers, by whoever keeps the route's tally, and
 * turned into metrics when asked, which costs a tenth of what looking up labels for every request does.
 */
export class Metrics {
  readonly contentType = metricsContentType;
  readonly #routes: RouteTally[] = [];
  readonly #process = new ProcessFigures();
  readonly #parts: Record<string, () => Figures>;

  /** @param parts what each part of the API tells of itself, by its name */
  constructor(parts: Record<string, () => Figures> = {}) {
    this.#parts = parts;
  }

  /** The tally of a route, to be kept by who counts into it. */
  route(method: string, route: string): RouteTally {
    const tally = new RouteTally(method, route);
    this.#routes.push(tally);
    return tally;
  }

  /** For GET /metrics: the event loop's figures are of the time since the last call. */
  data(): StatsPart {
    return this.#collect(true);
  }

  /** For GET /internal/stats, which leaves the metrics as they are. */
  stats(): StatsPart {
    return this.#collect(false);
  }

  async render(): Promise<string> {
    return mergeMetrics([this.data()]);
  }

  #collect(beginAnew: boolean): StatsPart {
    return collectStats({ routes: this.#routes, process: this.#process, parts: this.#parts }, beginAnew);
  }
}

/** The figures of several processes in Prometheus' text exposition format, version 0.0.4. */
export function mergeMetrics(all: readonly StatsPart[]): string {
  const merged = mergeParts(all);
  return [...requestFamilies(merged), ...processFamilies(merged), ...partFamilies(merged)]
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
  return text.replace(/[\\"\n]/g, (each) => (each === "\n" ? "\\n" : `\\${each}`));
}
