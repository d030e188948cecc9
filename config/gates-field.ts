import { type GateConfig, type GateMetric, type GateUnit, gateMetrics } from "../contract/gate-metrics.ts";
import { closest } from "./closest.ts";
import type { Field, Report } from "./field.ts";
import type { RawConfig } from "./schema.ts";
import { parseMilliseconds } from "./units.ts";

/** What every run is judged by, unless the stack says otherwise. */
const defaultGates: readonly RawConfig[] = [
  { metric: "error_rate", limit: "0 %" },
  { metric: "non_2xx_rate", limit: "0 %" },
  { metric: "p99", limit: "250 ms" },
  { metric: "p99", scenario: "heavy-mix", limit: "500 ms" },
  // Each waits for the database's disk.
  { metric: "p99", scenario: "writes", limit: "500 ms" },
  // A quarter of a megabyte each.
  { metric: "p99", scenario: "upload", limit: "500 ms" },
  { metric: "samples", limit: 1000 },
  { metric: "memory_peak", limit: "95 %" },
  { metric: "memory_time_to_limit", limit: "15 min" },
  { metric: "restarts", limit: 0 },
  { metric: "oom_kills", limit: 0 },
  { metric: "pods_replaced", limit: 0 },
  { metric: "readiness_flaps", limit: 0 },
];

const keys = ["metric", "limit", "scenario", "workload"];
const example = "{ metric: p99, limit: 250 ms }";

const limits: Record<GateUnit, { rule: string; parse: (value: unknown) => number | undefined }> = {
  share: { rule: 'a share like "1 %" or 0.01', parse: parseShare },
  time: { rule: 'a time like "250 ms"', parse: parseMilliseconds },
  rate: { rule: "requests per second like 500", parse: parseCount },
  count: { rule: "a whole number like 0", parse: (value) => whole(parseCount(value)) },
};

/**
 * The list of gates, each on one metric of all scenarios or workloads or of a named one, added to the default ones. A
 * later gate on the same figure replaces an earlier one; `limit: off` takes it away.
 */
export const gates: Field<GateConfig[]> = (value, path, report) => {
  if (!Array.isArray(value))
    return void report({ path, value, rule: `must be a list of gates like ${example}` });
  const read = new Map<string, GateConfig>();
  const add = (item: unknown, itemPath: string) => {
    const gate = readGate(item, itemPath, report);
    if (gate) read.set([gate.metric, gate.scenario, gate.workload].join("/"), gate);
  };
  for (const item of defaultGates) add(item, path);
  for (const [index, item] of value.entries()) add(item, `${path}[${index}]`);
  return [...read.values()];
};

function readGate(value: unknown, path: string, report: Report): GateConfig | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return void report({ path, value, rule: `must be a gate like ${example}` });
  const given = value as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if (!keys.includes(key))
      report({
        path: `${path}.${key}`,
        value: given[key],
        rule: `is not a known key; there is ${keys.join(", ")}`,
      });
  }
  const { metric } = given;
  if (!isMetric(metric)) {
    const near = closest(String(metric), Object.keys(gateMetrics));
    const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
    const rule = `must be one of ${Object.keys(gateMetrics).join(", ")}${hint}`;
    return void report({ path: `${path}.metric`, value: metric, rule });
  }
  const limit = readLimit(metric, given.limit, `${path}.limit`, report);
  if (limit === undefined) return undefined;
  const { scope } = gateMetrics[metric];
  const wrong = scope === "scenario" ? "workload" : "scenario";
  if (given[wrong] !== undefined)
    report({
      path: `${path}.${wrong}`,
      value: given[wrong],
      rule: `does not go with ${metric}, which is counted by ${scope}`,
    });
  const subject = given[scope];
  if (subject !== undefined && (typeof subject !== "string" || subject === ""))
    return void report({ path: `${path}.${scope}`, value: subject, rule: `must be the name of a ${scope}` });
  return { metric, limit, ...(subject === undefined ? {} : { [scope]: subject }) };
}

function isMetric(value: unknown): value is GateMetric {
  return typeof value === "string" && Object.hasOwn(gateMetrics, value);
}

function readLimit(
  metric: GateMetric,
  value: unknown,
  path: string,
  report: Report,
): number | null | undefined {
  // YAML 1.1 reads a bare `off` as false.
  if (value === "off" || value === false) return null;
  const { rule, parse } = limits[gateMetrics[metric].unit];
  const limit = parse(value);
  if (limit === undefined) report({ path, value, rule: `must be ${rule}, or off` });
  return limit;
}

function parseShare(value: unknown): number | undefined {
  const [, percent] = typeof value === "string" ? (/^(\d+(?:\.\d+)?) ?%$/.exec(value) ?? []) : [];
  const share = percent === undefined ? parseCount(value) : Number(percent) / 100;
  return share !== undefined && share <= 1 ? share : undefined;
}

function parseCount(value: unknown): number | undefined {
  const count = typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof count === "number" && Number.isFinite(count) && count >= 0 ? count : undefined;
}

function whole(value: number | undefined): number | undefined {
  return Number.isInteger(value) ? value : undefined;
}
