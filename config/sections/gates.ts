import { type GateConfig, type GateMetric, type GateUnit, gateMetrics } from "../../contract/gate-metrics.ts";
import { isObject, type JsonSchema, option, type Report } from "../options/option.ts";
import { numberPattern } from "../options/range-pattern.ts";
import { decimal, integer, oneOf } from "../options/scalars.ts";
import { exactTimeUnits, parseDecimal, parseExactMilliseconds, unitPattern } from "../units.ts";

/** The gates of every run that the stack does not replace. */
export const defaultGates: readonly { metric: GateMetric; scenario?: string; limit: string | number }[] = [
  { metric: "error_rate", limit: "0 %" },
  { metric: "non_2xx_rate", limit: "0 %" },
  { metric: "p99", limit: "250 ms" },
  { metric: "p99", scenario: "heavy-mix", limit: "500 ms" },
  // Each write waits for the database's disk.
  { metric: "p99", scenario: "writes", limit: "500 ms" },
  // Each upload is a quarter of a mebibyte.
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
const metrics = oneOf(Object.keys(gateMetrics) as GateMetric[], { doc: "" });
const silent: Report = () => {};
const fraction = decimal({ doc: "", min: 0, max: 1 });
const rate = decimal({ doc: "", min: 0, max: 1e9 });
const count = integer({ doc: "", min: 0, max: 1e9 });
const percentPattern = `^${numberPattern({ digits: 0n, scale: 0 }, { digits: 100n, scale: 0 }, false, " ?%")}$`;
const timePattern = `^(?:${exactTimeUnits.map(unitPattern).join("|")})$`;

/** How a limit is written, for each unit of a metric. */
export const limitUnits: Record<
  GateUnit,
  { rule: string; parse: (value: unknown) => number | undefined; schemas: JsonSchema[] }
> = {
  share: {
    rule: 'a share like "1 %" or 0.01',
    parse: parseShare,
    schemas: [fraction.schema, { type: "string", pattern: percentPattern }],
  },
  time: {
    rule: 'a time like "250 ms"',
    parse: parseExactMilliseconds,
    schemas: [{ type: "string", pattern: timePattern }],
  },
  rate: {
    rule: "a number of requests per second like 500",
    parse: (value) => rate.read(value, "", silent),
    schemas: [rate.schema],
  },
  count: {
    rule: "a whole number like 0",
    parse: (value) => count.read(value, "", silent),
    schemas: [count.schema],
  },
};

/**
 * The list of gates, each on one metric of all scenarios or workloads, or of a named scenario or workload. They are added
 * to the default gates. A later gate on the same metric and scenario or workload replaces an earlier gate; `limit: off`
 * removes it.
 */
export const gates = option(
  {
    default: [],
    doc: "Gates added to the default ones: see [Gates](#gates).",
  } as const,
  {
    read: (value, path, report): GateConfig[] | undefined => {
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
    },
    bounds: `a list of gates like \`${example}\``,
    schema: { type: "array", items: { oneOf: gateSchemas() } },
  },
);

function readGate(value: unknown, path: string, report: Report): GateConfig | undefined {
  if (!isObject(value)) return void report({ path, value, rule: `must be a gate like ${example}` });
  for (const key of Object.keys(value)) {
    if (!keys.includes(key))
      report({
        path: `${path}.${key}`,
        value: value[key],
        rule: `is not a known key; there is ${keys.join(", ")}`,
      });
  }
  const metric = metrics.read(value.metric, `${path}.metric`, report);
  if (metric === undefined) return undefined;
  const limit = readLimit(metric, value.limit, `${path}.limit`, report);
  if (limit === undefined) return undefined;
  const { scope } = gateMetrics[metric];
  const other = scope === "scenario" ? "workload" : "scenario";
  if (value[other] !== undefined)
    report({
      path: `${path}.${other}`,
      value: value[other],
      rule: `does not go with ${metric}, which is counted by ${scope}`,
    });
  const name = value[scope];
  if (name !== undefined && (typeof name !== "string" || name === ""))
    return void report({ path: `${path}.${scope}`, value: name, rule: `must be the name of a ${scope}` });
  return name === undefined ? { metric, limit } : { metric, limit, [scope]: name };
}

function readLimit(
  metric: GateMetric,
  value: unknown,
  path: string,
  report: Report,
): number | null | undefined {
  // YAML 1.1 reads a bare `off` as false.
  if (value === "off" || value === false) return null;
  const { rule, parse } = limitUnits[gateMetrics[metric].unit];
  const limit = parse(value);
  if (limit === undefined) report({ path, value, rule: `must be ${rule}, or off` });
  return limit;
}

function parseShare(value: unknown): number | undefined {
  if (typeof value !== "string" || !new RegExp(percentPattern).test(value))
    return fraction.read(value, "", silent);
  const percent = parseDecimal(value.replace(/ ?%$/, ""));
  return percent === undefined ? undefined : Number(`${percent.digits}e-${percent.scale + 2}`);
}

/** One schema for each pair of unit and scope, so that an editor knows the limit's unit by the metric. */
function gateSchemas(): JsonSchema[] {
  const groups = new Map<string, string[]>();
  for (const [metric, { unit, scope }] of Object.entries(gateMetrics)) {
    const group = `${unit} ${scope}`;
    groups.set(group, [...(groups.get(group) ?? []), metric]);
  }
  return [...groups].map(([group, metrics]) => {
    const [unit, scope] = group.split(" ") as [GateUnit, string];
    return {
      type: "object",
      properties: {
        metric: { enum: metrics },
        limit: {
          description: `${limitUnits[unit].rule}, or off`,
          anyOf: [...limitUnits[unit].schemas, { enum: ["off", false] }],
        },
        [scope]: { type: "string", minLength: 1 },
      },
      required: ["metric", "limit"],
      additionalProperties: false,
    };
  });
}
