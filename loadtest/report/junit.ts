import type { RunReport } from "./report-schema.ts";
import type { GateResult } from "./schema/gate.ts";

interface TestCase {
  suite: string;
  name: string;
  /** Absent when it passed. */
  outcome?: { element: "failure" | "error"; type: string; message: string };
  /** The measured value of a case that passed. */
  output?: string;
}

const runSuite = "run";

/**
 * The report as JUnit XML: a test suite for each scenario and workload with a test case for each gate, and one suite for
 * the run itself. A failed gate is a failure. A gate that was not measured and each problem of the run are errors. A run
 * that did not pass has at least one of them, so that no reader shows it as a success.
 */
export function junitReport(report: RunReport): string {
  const cases = [...report.gates.map(gateCase), ...runCases(report)];
  const suites = [...new Set(cases.map((each) => each.suite))];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: "breakwater loadtest", ...counts(cases), time: seconds(report) })}>`,
    ...suites.map((suite) =>
      suiteElement(
        suite,
        cases.filter((each) => each.suite === suite),
        report,
      ),
    ),
    "</testsuites>",
    "",
  ].join("\n");
}

/** Text for XML content and attribute values. Characters that XML forbids become U+FFFD. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
    // Unescaped, an attribute would turn them into spaces.
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
  };
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\u{FFFD}")
    .replace(/[&<>"'\t\n\r]/g, (character) => entities[character] ?? character);
}

function gateCase(gate: GateResult): TestCase {
  const { subject: suite, metric: name, verdict, reason } = gate;
  if (verdict === "pass") return { suite, name, output: reason };
  const element = verdict === "fail" ? "failure" : "error";
  return { suite, name, outcome: { element, type: verdict, message: reason } };
}

function runCases(report: RunReport): TestCase[] {
  const problems = [...new Set(report.problems)];
  const isExplained =
    report.verdict === "pass" || problems.length > 0 || report.gates.some((gate) => gate.verdict !== "pass");
  const errors = isExplained ? problems : [report.reason];
  if (errors.length === 0) return [{ suite: runSuite, name: "verdict", output: report.reason }];
  return errors.map((message) => ({
    suite: runSuite,
    name: message,
    outcome: { element: "error", type: "problem", message },
  }));
}

function suiteElement(suite: string, cases: TestCase[], report: RunReport): string {
  const load = report.scenarios.find(({ scenario }) => scenario === suite);
  const startMs = Date.parse(report.startedAt) + (load?.startSecond ?? 0) * 1000;
  const head = attributes({
    name: suite,
    ...counts(cases),
    time: load ? load.durationSeconds.toFixed(3) : seconds(report),
    timestamp: new Date(startMs).toISOString().slice(0, 19),
  });
  return [`  <testsuite${head}>`, ...cases.map(caseElement), "  </testsuite>"].join("\n");
}

function caseElement({ suite, name, outcome, output }: TestCase): string {
  const head = `    <testcase${attributes({ classname: `loadtest.${suite}`, name })}>`;
  const body = outcome
    ? `<${outcome.element}${attributes({ type: outcome.type, message: outcome.message })}>${escapeXml(outcome.message)}</${outcome.element}>`
    : `<system-out>${escapeXml(output ?? "")}</system-out>`;
  return `${head}${body}</testcase>`;
}

function counts(cases: TestCase[]): Record<string, string> {
  const count = (element: "failure" | "error") =>
    String(cases.filter((each) => each.outcome?.element === element).length);
  return { tests: String(cases.length), failures: count("failure"), errors: count("error"), skipped: "0" };
}

function seconds(report: RunReport): string {
  return ((Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000).toFixed(3);
}

function attributes(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
    .join("");
}
