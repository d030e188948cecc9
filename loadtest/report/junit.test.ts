import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleFailedReport } from "../testing/sample-failed-report.ts";
import { sampleReport } from "../testing/sample-report.ts";
import { escapeXml, junitReport } from "./junit.ts";

const times = (text: string, part: string) => text.split(part).length - 1;

test("junitReport has a test case for each gate and one for the run", () => {
  const report = sampleReport();
  const xml = junitReport(report);
  assert.ok(xml.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="breakwater loadtest"'));
  assert.equal(times(xml, "<testcase "), report.gates.length + 1);
  assert.equal(times(xml, "<failure") + times(xml, "<error"), 0);
  assert.match(xml, /<testsuites [^>]*tests="13" failures="0" errors="0" skipped="0" time="105\.000">/);
  assert.match(
    xml,
    /<testsuite name="cached-read" tests="2" [^>]*time="30\.000" timestamp="2026-01-15T09:30:38">/,
  );
  assert.match(xml, /<testcase classname="loadtest\.cached-read" name="p99"><system-out>p99 of cached-read/);
});

test("junitReport has a failure for a failed gate, and an error for a missing measurement or a problem", () => {
  const report = sampleFailedReport();
  report.problems = ["no sample of api-1", "no sample of api-2", "no sample of api-2"];
  const xml = junitReport(report);
  assert.match(
    xml,
    /<testcase classname="loadtest\.all pods" name="oom_kills"><failure type="fail" message="oom_kills of all pods is too high: /,
  );
  assert.match(
    xml,
    /classname="loadtest\.writes" name="p99"><error type="not measured" message="p99 of writes/,
  );
  assert.match(xml, /classname="loadtest\.run" name="no sample of api-1"><error type="problem"/);
  assert.equal(times(xml, "<failure"), 4);
  assert.equal(times(xml, "<error"), 3);
  assert.match(xml, /<testsuites [^>]*failures="4" errors="3"/);
  assert.match(xml, /<testsuite name="run" tests="2" failures="0" errors="2"/);
});

test("junitReport has an error for every run that did not pass", () => {
  const xml = junitReport(
    sampleReport({ verdict: "broken", gates: [], problems: [], reason: "no gate was measured" }),
  );
  assert.match(xml, /<error type="problem" message="no gate was measured">/);
});

test("junitReport has an error for an invalid gate", () => {
  const [gate] = sampleReport().gates;
  assert.ok(gate);
  const xml = junitReport(sampleReport({ gates: [{ ...gate, verdict: "invalid" }] }));
  assert.match(xml, /<error type="invalid"/);
});

test("escapeXml escapes all texts and replaces characters that XML forbids", () => {
  assert.equal(escapeXml(`<a b="c" d='e'>&]]>`), "&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt;&amp;]]&gt;");
  assert.equal(escapeXml("line\r\n\tline"), "line&#13;&#10;&#9;line");
  assert.equal(escapeXml("\u001b[31m\0\ud800\ufffe\uffff"), "\ufffd[31m\ufffd\ufffd\ufffd\ufffd");
  assert.equal(escapeXml("ü – 🌊"), "ü – 🌊");
  const xml = junitReport(sampleReport({ problems: ['<x>&"\u0007'] }));
  assert.ok(xml.includes('name="&lt;x&gt;&amp;&quot;\ufffd"><error type="problem"'));
});
