import { gateMetrics } from "../contract/gate-metrics.ts";
import type { RunReport } from "../loadtest/report/report-schema.ts";
import type { ComparedRow } from "../loadtest/report/schema/comparison.ts";
import type { GateResult } from "./next-step.ts";

/** Requests that a pool has answered, and those of them with a status from 500. */
export interface PoolRequests {
  requests: number;
  failed: number;
}

/** Requests below which a share of failed ones means nothing. */
const minRequests = 100;
/** Lines of a report that a record keeps. */
const keptLines = 12;

/** The result of a run that all gates of the stack judge. */
export function fullResult(report: RunReport): GateResult {
  const { verdict, reason } = report;
  return { verdict, reason, oldFailsToo: false, summary: summaryOf(report) };
}

/** The result of a comparison of both pools. Turns with the letter A load the old one. */
export function comparedResult(report: RunReport): GateResult {
  const failedTurns = (letter: string) =>
    report.scenarios.filter(({ scenario, failed }) => failed > 0 && scenario.endsWith(`(${letter})`));
  const oldFails = failedTurns("A").length > 0;
  const failedGates = report.gates.filter(({ verdict }) => verdict === "fail");
  const areErrorsOfOld = failedGates.every(
    ({ metric, subject }) => "isError" in gateMetrics[metric] && subject.endsWith("(A)"),
  );
  const isWorse = report.comparison?.rows.some(({ verdict }) => verdict === "worse") ?? false;
  const isOfOldOnly =
    oldFails &&
    failedTurns("B").length === 0 &&
    report.verdict === "gate failed" &&
    failedGates.length > 0 &&
    areErrorsOfOld &&
    !isWorse;
  const result = { ...fullResult(report), oldFailsToo: oldFails };
  if (!isOfOldOnly) return result;
  // The new version may be the mend of what the old one does wrong; the gates of its own traffic judge it.
  return { ...result, verdict: "pass", reason: `only the old version failed: ${report.reason}` };
}

/**
 * The result of a run in which only errors and the pods count: at the canary's weight, and after going back. Latency of such a short
 * run would say little.
 */
export function lightResult(report: RunReport): GateResult {
  const { verdict, reason, gates } = report;
  const counting = gates.filter(({ metric }) => {
    const spec = gateMetrics[metric];
    return spec.scope === "workload" ? spec.unit === "count" : "isError" in spec;
  });
  const rest = { oldFailsToo: false, summary: summaryOf(report) };
  const failed = counting.find((gate) => gate.verdict === "fail");
  if (failed) return { verdict: "gate failed", reason: failed.reason, ...rest };
  if (verdict === "broken" && report.problems.length > 0) return { verdict, reason, ...rest };
  const open = counting.find((gate) => gate.verdict !== "pass");
  if (verdict === "invalid" || open) return { verdict: "invalid", reason: open?.reason ?? reason, ...rest };
  return { verdict: "pass", reason: `${counting.length} gates on errors and pods passed`, ...rest };
}

/**
 * Adds what the pods of both pools have counted to the result of a run at the canary's weight. A failed request that Nginx
 * repeats at another pod is seen here only.
 *
 * @param pools null for an API without counters of its own: the whole traffic was judged
 */
export function withShares(
  result: GateResult,
  report: RunReport,
  pools: { old: PoolRequests; canary: PoolRequests } | null,
): GateResult {
  if (pools === null) {
    const note = "the API has no counters of its own, so the gates judged the traffic of both pools";
    return { ...result, summary: [...result.summary, note] };
  }
  const { old, canary } = pools;
  const limits = report.gates.filter(({ metric }) => metric === "error_rate").map(({ limit }) => limit);
  const limit = limits.length === 0 ? 0 : Math.max(...limits);
  const line = `canary ${describe(canary)}; old ${describe(old)}`;
  const summary = [line, ...result.summary];
  const isOver = ({ requests, failed }: PoolRequests) => failed > limit * requests;
  const oldFailsToo = isOver(old);
  if (isOver(canary))
    return {
      verdict: "gate failed",
      reason: `of the canary's requests, ${describe(canary)}`,
      oldFailsToo,
      summary,
    };
  if (result.verdict === "gate failed") return { ...result, oldFailsToo, summary };
  if (result.verdict === "pass" && canary.requests < minRequests)
    return {
      verdict: "invalid",
      reason: `only ${canary.requests} requests reached the canary; ${minRequests} are needed: give it more weight, or measure for longer`,
      oldFailsToo,
      summary,
    };
  return { ...result, summary };
}

/** The result of a run at the canary's weight whose canary did not say what it had counted. A failed gate stays one. */
export function unreadCanary(result: GateResult): GateResult {
  if (result.verdict !== "pass") return result;
  return { ...result, verdict: "invalid", reason: "the counters of the canary's pods could not be read" };
}

/** The result of a load test that ended without a report. */
export function withoutReport(exitCode: number | null): GateResult {
  return {
    verdict: "broken",
    reason: `the load test wrote no report and ended with exit code ${exitCode}`,
    oldFailsToo: false,
    summary: [],
  };
}

function describe({ requests, failed }: PoolRequests): string {
  return `${failed} of ${requests} failed`;
}

function summaryOf({ scenarios, gates, comparison, apiImage }: RunReport): string[] {
  const rows = comparison?.rows.map(rowText) ?? [];
  const loads = rows.length > 0 ? [] : scenarios.map(loadText);
  const failed = gates.filter(({ verdict }) => verdict !== "pass").map(({ reason }) => reason);
  return [`image ${apiImage}`, ...failed, ...rows, ...loads].slice(0, keptLines);
}

function rowText({ scenario, metric, ratio, low, high, verdict }: ComparedRow): string {
  const digits = (value: number) => value.toFixed(3);
  return `${scenario} ${metric}: ${digits(ratio)} (${digits(low)} to ${digits(high)}), ${verdict}`;
}

function loadText({ scenario, sent, failed, requestsPerSecond, latency }: RunReport["scenarios"][number]) {
  const p99 = latency.p99Ms === null ? "unknown" : `${latency.p99Ms.toFixed(1)} ms`;
  return `${scenario}: ${sent} requests, ${failed} failed, ${requestsPerSecond.toFixed(0)}/s, p99 ${p99}`;
}
