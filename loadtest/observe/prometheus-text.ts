/** One sample of Prometheus' text format. */
export interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * Parses the samples of the named metrics from Prometheus' text exposition format, version 0.0.4. Comments, other
 * metrics and malformed lines are skipped.
 */
export function parseMetrics(text: string, names: ReadonlySet<string>): MetricSample[] {
  return text.split("\n").flatMap((row): MetricSample[] => {
    const [, name = "", labelText = "", value = ""] = line.exec(row) ?? [];
    if (!names.has(name)) return [];
    const labels = Object.fromEntries(
      [...labelText.matchAll(label)].map(([, key = "", raw = ""]) => [key, raw.replace(/\\(.)/g, "$1")]),
    );
    return [{ name, labels, value: Number(value) }];
  });
}
