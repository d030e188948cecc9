import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../contract/user-error.ts";
import { sampleOutputs } from "../testing/samples.ts";
import { parseOutputs } from "./outputs.ts";

const parse = (outputs: unknown) => parseOutputs(JSON.stringify(outputs), "stack local");
const refuses = (outputs: unknown, message: RegExp) =>
  assert.throws(
    () => parse(outputs),
    (error: Error) => error instanceof UserError && message.test(error.message) && error.fix.length > 0,
  );

test("parseOutputs returns the outputs of a deployed stack", () => {
  assert.deepEqual(parse(sampleOutputs()), sampleOutputs());
});

test("parseOutputs reports that nothing is deployed when there are no outputs", () => {
  refuses({}, /^stack local has no outputs: nothing is deployed in it$/);
});

test("parseOutputs names every missing or wrong output", () => {
  const { namespace: _, ...outputs } = sampleOutputs({ endpoint: "127.0.0.1:30080/" });
  refuses(
    { ...outputs, workloads: [{ name: "api" }] },
    /endpoint is "127.*not an http URL.*namespace is missing.*workloads\.0\.replicas is missing/,
  );
  refuses({ ...sampleOutputs(), loadtest: "[secret]" }, /loadtest\.connections is missing/);
});

test("parseOutputs refuses text that is not JSON", () => {
  assert.throws(
    () => parseOutputs("error: no stack", "out.json"),
    /^Error: out\.json: not JSON|out\.json: not JSON/,
  );
});
