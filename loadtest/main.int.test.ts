import assert from "node:assert/strict";
import { test } from "node:test";
import { runLoadTestProcess } from "./testing/oracle/run-cell.ts";
import { sampleOutputs } from "./testing/samples.ts";

test("the load test ends with exit code 2 before anything else when a file of a request is missing", async () => {
  const outputs = sampleOutputs();
  const request = { method: "GET", headers: {}, expect: { statuses: [], json: {} } } as const;
  outputs.loadtest.requests = { list: { ...request, path: "/api/items/{{csv: no/such.csv.id}}" } };
  outputs.loadtest.scenarios = [{ name: "browse", mix: { list: 1 }, enabled: true }];
  const { exitCode, output, report } = await runLoadTestProcess(outputs, []);
  assert.equal(exitCode, 2, output);
  assert.equal(report, undefined);
  assert.match(output, /the request list cannot use the file no\/such\.csv: ENOENT/);
  assert.match(output, /correct the file, or the path in loadtest\.requests\.list/);
});
