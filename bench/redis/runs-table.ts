import { columns } from "../../host/table.ts";
import type { RedisFault } from "./fault.ts";
import { type FaultRun, missedTargets, mostStaleMs, seconds } from "./judge-run.ts";

/** A table with a row for each fault: the worst of its runs beside the targets. */
export function runsTable(faults: readonly RedisFault[], runs: readonly FaultRun[]): string {
  const rows = faults.flatMap((fault) => {
    const own = runs.filter((run) => run.fault === fault.name);
    return own.length === 0 ? [] : [rowOf(fault, own)];
  });
  const head = [
    "",
    "fault",
    "runs",
    "served after",
    "healed after",
    "API errors",
    "lost",
    "oldest read",
    "cluster check",
  ];
  const targets = ["", "", "", "", "", "target 0", "", `≤ ${mostStaleMs} ms`, "clean"];
  return columns([head, targets, ...rows], []);
}

function rowOf(fault: RedisFault, runs: readonly FaultRun[]): string[] {
  const isMet = runs.every((run) => missedTargets(fault, run).length === 0);
  const healed = runs.flatMap(({ healedMs }) => (healedMs === undefined ? [] : [healedMs]));
  const clean = runs.filter(({ problem }) => problem === undefined).length;
  const sum = (count: (run: FaultRun) => number) => runs.reduce((total, run) => total + count(run), 0);
  const target = fault.servedMs === undefined ? "" : ` (≤ ${seconds(fault.servedMs)})`;
  const ballast = sum(({ redis }) => redis.ballast?.lost ?? 0);
  return [
    isMet ? "✓" : "✗",
    fault.name,
    String(runs.length),
    `${range(runs.map(({ servedMs }) => servedMs))}${target}`,
    healed.length < runs.length ? `not in ${runs.length - healed.length} runs` : range(healed),
    `${sum(({ api }) => api.failed)} of ${sum(({ api }) => api.sent)}`,
    `${sum(({ redis }) => redis.lost + redis.uncertain) + ballast} of ${sum(({ redis }) => redis.acknowledged)}`,
    `${Math.round(Math.max(...runs.map(({ api }) => api.oldestStaleMs)))} ms`,
    `${clean} of ${runs.length}`,
  ];
}

/** Smallest and largest of some times, such as `2.4 … 3.1 s`. */
function range(valuesMs: readonly number[]): string {
  const [least, most] = [Math.min(...valuesMs), Math.max(...valuesMs)];
  return least === most ? seconds(most) : `${(least / 1000).toFixed(1)} … ${seconds(most)}`;
}
