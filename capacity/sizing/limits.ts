import type { StepMetrics } from "./step-metrics.ts";

/** What may limit a stack first. */
export type LimitName =
  | "API CPU"
  | "event loop of the API"
  | "database pool"
  | "database CPU"
  | "gateway CPU"
  | "Redis CPU"
  | "CPU of the node";

/** How close one part of the stack was to its limit. */
export interface LimitUse {
  name: LimitName;
  /** 0 … 1: share of what it can do; 1 is the limit. */
  use: number;
  /** The measured value, for a reader. */
  detail: string;
  /** What raises the limit. */
  fix: string;
}

/**
 * How sure the first limit is. `clear`: near its limit, and no other part is. `one of several`: more than one part is near.
 * `not seen`: no observed part is near its limit, so something else limits. `unknown`: nothing was observed.
 */
export type LimitCertainty = "clear" | "one of several" | "not seen" | "unknown";

/** What limits the stack at its capacity. */
export interface FirstLimit {
  certainty: LimitCertainty;
  /** All observed parts, the one closest to its limit first. */
  uses: LimitUse[];
  /** The finding in one sentence. */
  sentence: string;
}

/** From this use on a part counts as near its limit: above it, waiting times grow steeply. */
const near = 0.85;
/** An event loop that is this late makes every request wait noticeably. */
const lateLoopMs = 100;

const cpuLimits = [
  { role: "api", name: "API CPU", fix: "raise api.replicas, or api.cpu together with api.workers" },
  { role: "database", name: "database CPU", fix: "raise database.cpu, or cache more: api.cacheTtlSeconds" },
  { role: "nginx", name: "gateway CPU", fix: "raise nginx.replicas or nginx.cpu" },
  { role: "redis", name: "Redis CPU", fix: "raise redis.shards or redis.cpu" },
] as const;

/**
 * Finds what limits the stack from the steps next to its capacity.
 *
 * @param steps metrics of steps at the highest passed and the lowest failed rates; null where a step was not observed
 */
export function firstLimit(steps: readonly (StepMetrics | null)[]): FirstLimit {
  const observed = steps.filter((step) => step !== null);
  const names = new Map<LimitName, LimitUse[]>();
  for (const step of observed)
    for (const use of usesOf(step)) names.set(use.name, [...(names.get(use.name) ?? []), use]);
  const uses = [...names.values()].flatMap(typical).sort((a, b) => b.use - a.use);
  const nearUses = uses.filter(({ use }) => use >= near);
  const [first] = uses;
  if (!first)
    return {
      certainty: "unknown",
      uses,
      sentence: "what limits the stack is not known: nothing was observed",
    };
  if (nearUses.length === 0)
    return {
      certainty: "not seen",
      uses,
      sentence: `no observed part was near its limit; the closest was ${first.name}: ${first.detail}. Waiting for connections, for locks in the database or for the network shows in none of these values`,
    };
  if (nearUses.length === 1)
    return {
      certainty: "clear",
      uses,
      sentence: `${first.name} limits first: ${first.detail}; ${first.fix}`,
    };
  const all = nearUses.map(({ name, detail }) => `${name} (${detail})`).join(", ");
  return { certainty: "one of several", uses, sentence: `several parts were near their limits: ${all}` };
}

/** The step with the middle use stands for all: one disturbed step decides nothing. */
function typical(uses: readonly LimitUse[]): LimitUse[] {
  const sorted = uses.toSorted((a, b) => b.use - a.use);
  return sorted.slice(Math.floor((sorted.length - 1) / 2)).slice(0, 1);
}

function usesOf(step: StepMetrics): LimitUse[] {
  const uses: LimitUse[] = [];
  for (const { role, name, fix } of cpuLimits) {
    const cpu = step.cpu.find((each) => each.role === role);
    if (!cpu || cpu.limitCores === null) continue;
    const throttled = role === "api" ? (step.apiThrottled ?? 0) : 0;
    const share = cpu.busiestCores / cpu.limitCores;
    const detail = `the busiest pod used ${cores(cpu.busiestCores)} of ${cores(cpu.limitCores)} cores${throttled > 0.1 ? `, slowed down in ${percent(throttled)} of the time` : ""}`;
    uses.push({ name, use: Math.min(1, Math.max(share, throttled >= 0.5 ? 1 : 0)), detail, fix });
  }
  if (step.eventLoopP99Ms !== null)
    uses.push({
      name: "event loop of the API",
      use: Math.min(1, step.eventLoopP99Ms / lateLoopMs),
      detail: `its delay was ${step.eventLoopP99Ms.toFixed(0)} ms (p99)`,
      fix: "move work out of the event loop, or raise api.replicas or api.workers",
    });
  if (step.databasePool && step.databasePool.total > 0) {
    const { used, total, waiting } = step.databasePool;
    uses.push({
      name: "database pool",
      // The pool opens connections as they are needed, so all of them may be in use without a query that waits.
      use: waiting > 0 ? 1 : (0.8 * used) / total,
      detail: `${used} of ${total} connections in use, ${waiting} queries waiting`,
      fix: "raise database.poolSize, within database.maxConnections, or make queries shorter",
    });
  }
  if (step.node)
    uses.push({
      name: "CPU of the node",
      use: Math.min(1, step.node.cores / step.node.ofCores),
      detail: `${step.node.name} used ${cores(step.node.cores)} of ${cores(step.node.ofCores)} cores`,
      fix: "more pods on this node do not help: add nodes, and load from another machine",
    });
  return uses;
}

const cores = (value: number): string => String(Number(value.toFixed(2)));
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
