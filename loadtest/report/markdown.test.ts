import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleFailedReport } from "../testing/sample-failed-report.ts";
import { sampleComparison, sampleReport } from "../testing/sample-report.ts";
import { inline, markdownReport } from "./markdown.ts";

const rows = (text: string) => text.split("\n").filter((line) => line.startsWith("| "));

test("markdownReport has verdict, reason, every gate and scenario, and a link to the page", () => {
  const report = sampleReport();
  const text = markdownReport(report);
  assert.ok(text.startsWith("## ✓ Load test of local: pass\n\n12 gates passed\n\n| verdict | gate |"), text);
  assert.equal(rows(text).length, 2 + report.gates.length + 2 + report.scenarios.length);
  assert.ok(text.includes("\n| ✓ pass | p99 | light | 8.2 ms | ≤ 250 ms | 462,000 |\n"), text);
  assert.ok(text.includes("\n| light | 462,000 | 0 | 15,400 | 1.6 ms |"), text);
  assert.match(text, /\[report\.html\]\(report\.html\)/);
  assert.ok(text.endsWith("\n") && !text.endsWith("\n\n"));
});

test("markdownReport lists failed gates first, then gates that were not measured, and problems", () => {
  const text = markdownReport(sampleFailedReport());
  assert.ok(
    text.startsWith(
      "## ✗ Load test of local: gate failed\n\nerror_rate of mixed is too high: 1,333 × HTTP 502\n",
    ),
    text,
  );
  assert.match(text, /\n- no memory sample of api-8c665bc88-n5rz7 for 12 s/);
  assert.match(
    text,
    /\n\nFault: api-8c665bc88-7kfl7 allocated .*: 1,333 requests failed.*recovered after 6\.2 s\n\n/,
  );
  assert.deepEqual(
    rows(text)
      .slice(2, 8)
      .map((row) => row.split(" | ").slice(0, 3).join(" ")),
    [
      "| ✗ fail error_rate mixed",
      "| ✗ fail memory_peak api",
      "| ✗ fail restarts all pods",
      "| ✗ fail oom_kills all pods",
      "| ? not measured p99 writes",
      "| ✓ pass error_rate light",
    ],
  );
  assert.match(text, /\| writes \| 0 \| 32 \| 0 \| – \| – \|/);
  assert.doesNotMatch(text, /NaN|undefined|null/);
});

test("markdownReport shows the reason once and omits empty tables", () => {
  const reason = "the run was interrupted";
  const text = markdownReport(
    sampleReport({ verdict: "broken", reason, problems: [reason], gates: [], scenarios: [] }),
  );
  assert.equal(text.split(reason).length, 2);
  assert.equal(rows(text).length, 0);
});

test("markdownReport has a table for the comparison with the baseline", () => {
  const text = markdownReport(sampleReport({ comparison: sampleComparison() }));
  assert.ok(text.includes("\n| better | light | throughput | +12.0 % | +8.0 % to +17.0 % |\n"), text);
});

test("markdownReport marks an invalid run as not passed", () => {
  assert.ok(markdownReport(sampleReport({ verdict: "invalid" })).startsWith("## ? "));
});

test("inline escapes Markdown and HTML, and makes one line", () => {
  assert.equal(inline("a|b"), "a\\|b");
  assert.equal(inline("a\\|b"), "a\\\\\\|b");
  assert.equal(inline(" one\n\ttwo "), "one two");
  assert.equal(
    inline("<img src=x> [x](y) `z` **b** ~~s~~ # h"),
    "\\<img src=x\\> \\[x\\](y) \\`z\\` \\*\\*b\\*\\* \\~\\~s\\~\\~ \\# h",
  );
  assert.equal(inline("error_rate of _this_"), "error_rate of \\_this\\_");
  const text = markdownReport(sampleFailedReport());
  const cells = rows(text).map((row) => row.split(/(?<!\\)\|/).length);
  assert.deepEqual([...new Set(cells)].sort(), [11, 8].sort());
});
