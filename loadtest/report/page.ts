import { join } from "node:path";
import { describeOutcome } from "../faults/injection.ts";
import { formatMs, formatValue } from "../gates/format-value.ts";
import { escapeHtml, list, table } from "./html.ts";
import { factList, renderPage } from "./page-parts.ts";
import type { RunReport } from "./report-schema.ts";
import { gateCells, gateHead, scenarioCells, scenarioHead, verdictClasses } from "./rows.ts";
import { comparisonSection, stackSection } from "./stack-sections.ts";

/** The report of a run as one HTML page. */
export function reportPage(report: RunReport): string {
  const { verdict, reason, problems } = report;
  return renderPage({
    title: `${verdict} · load test of ${report.stack}`,
    heading: verdict,
    verdict: verdictClasses[verdict],
    head: `<p>${escapeHtml(reason)}</p>
${list(problems.filter((problem) => problem !== reason))}`,
    sections: `<section id="gates"><h2>Gates</h2>${gateTable(report)}</section>
<section><h2>Scenarios</h2>${scenarioTable(report)}</section>
${comparisonSection(report)}
${stackSection(report)}
<section><h2>Latency by percentile</h2><p class="note">Share of the requests that were answered within a time.</p><div class="plot" id="percentiles"></div></section>
<section><h2>Latency over time</h2><div class="plot" id="latency"></div></section>
<section><h2>Throughput over time</h2><div class="plot" id="throughput"></div></section>
<section><h2>Memory of each pod</h2><p class="note">Working set, measured by the kubelet; the dashed line is the limit.</p><div id="memory"></div></section>
${eventSection(report)}
<section><h2>Pods</h2>${podTable(report)}</section>
<section><h2>Run</h2>${facts(report)}</section>`,
    data: report,
    script: join(import.meta.dirname, "plots.js"),
  });
}

function gateTable({ gates }: RunReport): string {
  const rows = gates.map((gate) => [gate.verdict, ...gateCells(gate)]);
  const classes = gates.map((gate) => verdictClasses[gate.verdict]);
  return table(["verdict", ...gateHead], rows, [3, 4, 5], classes);
}

function scenarioTable({ scenarios }: RunReport): string {
  const rows = scenarios.map((load) => [
    ...scenarioCells(load),
    formatValue(load.generator.utilization, "share"),
    formatMs(Math.max(load.generator.lagP99Ms, load.generator.lateP99Ms ?? 0)),
  ]);
  const head = [...scenarioHead, "generator busy", "generator delay p99"];
  return table(head, rows, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

function podTable({ pods }: RunReport): string {
  return table(
    ["pod", "workload", "memory peak", "limit", "samples", "restarts", "OOM kills", "state"],
    pods.flatMap((pod) => [
      [
        pod.name,
        pod.workload,
        pod.peakBytes === null ? "–" : mebibytes(pod.peakBytes),
        mebibytes(pod.memoryLimitBytes),
        String(pod.samples),
        String(pod.restarts),
        String(pod.oomKills),
        [pod.gone ? "gone" : pod.appeared === "during" ? "new" : "stayed", pod.lastEnd ?? ""]
          .filter(Boolean)
          .join(", "),
      ],
      ...pod.sidecars.map(({ name, peakBytes, memoryLimitBytes, samples }) => [
        `${pod.name}: ${name}`,
        pod.workload,
        peakBytes === null ? "–" : mebibytes(peakBytes),
        memoryLimitBytes === null ? "none" : mebibytes(memoryLimitBytes),
        String(samples),
        "",
        "",
        "sidecar",
      ]),
    ]),
    [2, 3, 4, 5, 6],
  );
}

function eventSection({ events, fault }: RunReport): string {
  if (events.length === 0) return "";
  const rows = events.map((event, at) => [
    String(at + 1),
    `${event.second.toFixed(0)} s`,
    event.kind.replaceAll("_", " "),
    event.pod,
    event.detail,
  ]);
  const classes = events.map(({ kind }) => `event ${kind}`);
  const head = ["mark", "after", "what", "pod", "detail"];
  return `<section id="events"><h2>Events</h2><p class="note">Each is a line with its number on the plots over time.</p>${fault ? `<p id="fault">${escapeHtml(describeOutcome(fault))}</p>` : ""}${table(head, rows, [1], classes)}</section>`;
}

function facts(report: RunReport): string {
  const { generator } = report;
  const rows: [string, string][] = [
    ["Endpoint", report.endpoint],
    ["Stack", `${report.stack}, namespace ${report.namespace}`],
    ["API image", report.apiImage],
    ["Started", report.startedAt],
    ["Finished", report.finishedAt],
    [
      "Load",
      `${report.connections} connections, ${report.durationSeconds} s for each scenario after ${report.warmupSeconds} s of warm-up, ${report.users} users`,
    ],
    [
      "Generator",
      `${generator.cpus} × ${generator.cpuModel}, ${mebibytes(generator.memoryBytes)}, ${generator.kernel}, Node ${generator.node}`,
    ],
  ];
  return factList(rows);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toLocaleString("en-US", { maximumFractionDigits: 1 })} MiB`;
}
