import { join } from "node:path";
import { formatValue } from "../../loadtest/gates/format-value.ts";
import { escapeHtml, list, table } from "../../loadtest/report/html.ts";
import { factList, renderPage } from "../../loadtest/report/page-parts.ts";
import {
  adviceCells,
  parameterHead,
  parameterRows,
  searchCells,
  searchHead,
  stepCells,
  stepHead,
} from "./rows.ts";
import type { CapacityReport } from "./schema.ts";
import { podsText } from "./summary.ts";

const verdictClasses = { pass: "pass", fail: "fail", invalid: "unknown" };

/** The report of a capacity run as one HTML page. */
export function capacityPage(report: CapacityReport): string {
  return renderPage({
    title: `capacity of ${report.stack}`,
    heading: "Capacity",
    verdict: report.exitCode === 0 ? "pass" : "unknown",
    head: `<p>${escapeHtml(report.headline)}</p>`,
    sections: `<section><h2>Capacity by number of pods</h2><p class="note">Circles: each search, the geometric mean of its highest passed and lowest failed rate. Line: the Universal Scalability Law; band: 95 % interval of the law. ${report.sizing ? "Dashed: the wished rate with its headroom." : ""}</p><div class="plot" id="capacity"></div></section>
${sizingSection(report)}
${limitSection(report)}
${scalingSection(report)}
<section id="unknown"><h2>What is not known</h2>${list(report.notKnown)}</section>
<section id="searches"><h2>Searches</h2>${table(searchHead, report.searches.map(searchCells), [0, 1, 2, 3, 4])}</section>
<section id="steps"><h2>Steps</h2><p class="note">In the order of the run. The probe is a load without a rate, from which the first rate is derived.</p>${stepTable(report)}</section>
<section><h2>Run</h2>${facts(report)}</section>`,
    data: { ...report, steps: [] },
    script: join(import.meta.dirname, "plots.js"),
  });
}

function sizingSection({ sizing }: CapacityReport): string {
  if (!sizing) return "";
  const classes = sizing.advice.map(({ isChange }) => (isChange ? "unknown" : ""));
  const rows = sizing.advice.map(adviceCells);
  return `<section id="sizes"><h2>Sizes</h2><p>${escapeHtml(sizing.sentence)}.</p>${table(["option", "value", "", "why"], rows, [], classes)}</section>`;
}

function limitSection({ limits }: CapacityReport): string {
  if (limits.length === 0) return "";
  const parts = limits.map(({ pods, sentence, certainty, uses }) => {
    const rows = uses.map(({ name, use, detail }) => [name, formatValue(use, "share"), detail]);
    const head = ["part", "of its limit", "measured"];
    return `<h3>${escapeHtml(podsText(pods))}: ${escapeHtml(certainty)}</h3><p>${escapeHtml(sentence)}.</p>${rows.length > 0 ? table(head, rows, [1]) : ""}`;
  });
  return `<section id="limits"><h2>What limits first</h2><p class="note">In the steps next to the capacity: the highest rate that passed and the lowest that failed.</p>${parts.join("\n")}</section>`;
}

function scalingSection({ scaling }: CapacityReport): string {
  if (!scaling) return "";
  const source =
    "X(N) = λN / (1 + σ(N − 1) + κN(N − 1)), the Universal Scalability Law (N. J. Gunther, arXiv:0808.1431, and Guerrilla Capacity Planning, Springer 2007)";
  return `<section id="law"><h2>Scaling law</h2><p class="note">${escapeHtml(source)}. Noise of one search: ${formatValue(scaling.noise, "share")}${scaling.noiseIsMeasured ? "" : ", only the precision of the search"}.</p>${table(parameterHead, parameterRows(scaling), [1])}</section>`;
}

function stepTable({ steps }: CapacityReport): string {
  const classes = steps.map(({ verdict }) => verdictClasses[verdict]);
  return table(stepHead, steps.map(stepCells), [1, 2, 3, 4, 5], classes);
}

function facts(report: CapacityReport): string {
  const { generator, scenario } = report;
  const rows: [string, string][] = [
    ["Endpoint", report.endpoint],
    ["Stack", `${report.stack}, namespace ${report.namespace}`],
    ["API image", report.apiImage],
    ["Scenario", `${scenario.name}: ${scenario.about}`],
    ["Gates", report.gates.join("; ")],
    [
      "Steps",
      `${report.durationSeconds} s after ${report.warmupSeconds} s of warm-up, ${report.connections} connections; searches end at ${formatValue(report.precision, "share")}`,
    ],
    ["Started", report.startedAt],
    ["Finished", report.finishedAt],
    ["Generator", `${generator.cpus} × ${generator.cpuModel}, Node ${generator.node}`],
  ];
  return factList(rows);
}
