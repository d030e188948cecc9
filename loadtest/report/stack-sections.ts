import { formatValue } from "../gates/format-value.ts";
import { escapeHtml, table } from "./html.ts";
import type { RunReport } from "./report-schema.ts";
import { comparisonCells, comparisonHead } from "./rows.ts";

/** The stack's own metrics of each scenario; empty when there are none. */
export function stackSection({ scenarios }: RunReport): string {
  const known = scenarios.flatMap(({ scenario, stack }) => (stack ? [{ scenario, ...stack }] : []));
  if (known.length === 0) return "";
  const or = (value: number | null, show: (value: number) => string) => (value === null ? "–" : show(value));
  const count = (value: number) => value.toLocaleString("en-US");
  const rows = known.map((each) => [
    each.scenario,
    or(each.cacheHitRate, (share) => formatValue(share, "share")),
    or(each.originReads, count),
    or(each.shed, count),
    or(each.eventLoopP99Ms, (ms) => formatValue(ms, "time")),
    or(each.cpuSeconds, (seconds) => `${seconds.toFixed(1)} s`),
    each.throttled
      .slice(0, 3)
      .map(({ pod, share }) => `${pod} ${formatValue(share, "share")}`)
      .join(", ") || "none",
  ]);
  const head = ["scenario", "cache hits", "database reads", "shed", "event loop p99", "API CPU", "throttled"];
  return `<section id="stack"><h2>Inside the stack</h2><p class="note">From the metrics of the API and the kubelet, warm-up included. Throttled: share of the periods in which a pod was slowed down by its CPU limit.</p>${table(head, rows, [1, 2, 3, 4, 5])}</section>`;
}

/** This run against the baseline, or image B against A; empty without a comparison. */
export function comparisonSection({ comparison }: RunReport): string {
  if (!comparison) return "";
  const classes = { better: "pass", same: "", worse: "fail" };
  const rows = comparison.rows.map((row) => [row.verdict, ...comparisonCells(row)]);
  const left =
    comparison.notCompared.length > 0 ? `; not compared: ${comparison.notCompared.join(", ")}` : "";
  const { before, after } = comparison;
  const title = before.savedAt === null ? "Image B against image A" : "Against the baseline";
  const about =
    before.savedAt === null
      ? `A is ${before.apiImage}, B is ${after.apiImage}; one pod of each, in alternating turns`
      : `Saved ${before.savedAt} with ${before.apiImage}; at equal speed of the machine`;
  return `<section id="comparison"><h2>${title}</h2><p class="note">${escapeHtml(`${about}${left}.`)}</p>${table(
    ["verdict", ...comparisonHead],
    rows,
    [3, 4],
    comparison.rows.map((row) => classes[row.verdict]),
  )}</section>`;
}
