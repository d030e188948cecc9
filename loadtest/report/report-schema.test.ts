import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Ratio } from "../../measure/bootstrap.ts";
import type { LatencySummary } from "../../measure/latency.ts";
import { sampleFailedReport } from "../testing/sample-failed-report.ts";
import { sampleReport } from "../testing/sample-report.ts";
import { reportSchema, schemaText } from "./report-schema.ts";
import type { ComparedRow } from "./schema/comparison.ts";
import type { latencySchema } from "./schema/scenario.ts";

type Plain<T> = T extends readonly (infer Element)[]
  ? Plain<Element>[]
  : T extends object
    ? { [Key in keyof T]: Plain<T[Key]> }
    : T;
type RowNumbers = Omit<ComparedRow, "scenario" | "metric" | "verdict">;
// Stricter than assignable both ways, which would allow an optional field in only one of them.
type Same<A, B> =
  (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;

// The type check fails here when the schema and a type of measure/ differ.
const schemaFitsMeasure: [Same<Static<typeof latencySchema>, LatencySummary>, Same<RowNumbers, Ratio>] = [
  true,
  true,
];

const errorsOf = (report: unknown) =>
  [...Value.Errors(reportSchema, JSON.parse(JSON.stringify(report)))].map(
    ({ path, message }) => `${path}: ${message}`,
  );

test("reportSchema accepts reports, also when a scenario has no latency", () => {
  assert.deepEqual(schemaFitsMeasure, [true, true]);
  assert.deepEqual(errorsOf(sampleReport()), []);
  const failed = sampleFailedReport();
  assert.ok(failed.scenarios.some((load) => Number.isNaN(load.latency.p99Ms)));
  assert.deepEqual(errorsOf(failed), []);
});

test("reportSchema refuses a wrong report with the path", () => {
  const [pod] = sampleReport().pods;
  assert.match(errorsOf({ ...sampleReport(), verdict: "fine" }).join(), /^\/verdict: /);
  assert.match(
    errorsOf(sampleReport({ pods: [{ ...pod, restarts: -1 } as never] })).join(),
    /\/pods\/0\/restarts/,
  );
  const { generator: _, ...partial } = sampleReport();
  assert.match(errorsOf(partial).join(), /^\/generator: /);
});

test("report.schema.json is up to date", async () => {
  const file = await readFile(join(import.meta.dirname, "report.schema.json"), "utf8");
  assert.equal(file, schemaText(), "update it: npm run generate");
});
