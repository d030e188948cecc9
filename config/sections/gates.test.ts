import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateConfig } from "../../contract/gate-metrics.ts";
import { ConfigError } from "../problem.ts";
import { validate } from "../validate.ts";
import { gates } from "./gates.ts";

function read(...given: unknown[]): GateConfig[] {
  const problems: string[] = [];
  const result = gates.read(given, "gates", ({ path, rule }) => problems.push(`${path} ${rule}`));
  assert.deepEqual(problems, []);
  return result ?? assert.fail();
}

const limitsOn = (metric: string, list: GateConfig[]) => list.filter((gate) => gate.metric === metric);

test("gates returns the default gates when the list is empty", () => {
  assert.deepEqual(limitsOn("p99", read()), [
    { metric: "p99", limit: 250 },
    { metric: "p99", limit: 500, scenario: "heavy-mix" },
    { metric: "p99", limit: 500, scenario: "writes" },
    { metric: "p99", limit: 500, scenario: "upload" },
  ]);
  assert.deepEqual(validate({}).loadtest.gates, read());
});

test("gates replaces the default gate on the same metric and scope, and adds any other gate", () => {
  const list = read(
    { metric: "p99", limit: "80 ms" },
    { metric: "p95", scenario: "light", limit: "0.02 s" },
    { metric: "restarts", workload: "redis", limit: 2 },
  );
  assert.deepEqual(limitsOn("p99", list), [
    { metric: "p99", limit: 80 },
    { metric: "p99", limit: 500, scenario: "heavy-mix" },
    { metric: "p99", limit: 500, scenario: "writes" },
    { metric: "p99", limit: 500, scenario: "upload" },
  ]);
  assert.deepEqual(limitsOn("p95", list), [{ metric: "p95", limit: 20, scenario: "light" }]);
  assert.deepEqual(limitsOn("restarts", list), [
    { metric: "restarts", limit: 0 },
    { metric: "restarts", limit: 2, workload: "redis" },
  ]);
});

test("gates reads a limit in the unit of its metric, and removes the limit when it is off", () => {
  const limitOf = (metric: string, limit: unknown) => limitsOn(metric, read({ metric, limit }))[0]?.limit;
  assert.equal(limitOf("error_rate", "1 %"), 0.01);
  assert.equal(limitOf("error_rate", 0.5), 0.5);
  assert.equal(limitOf("throughput", "500"), 500);
  assert.equal(limitOf("memory_time_to_limit", "2 h"), 7_200_000);
  assert.equal(limitOf("samples", "off"), null);
  assert.equal(limitOf("samples", false), null);
});

const wrong: [unknown, RegExp][] = [
  ["p99", /^gates\[0\] must be a gate like/],
  [{ limit: 1 }, /^gates\[0\]\.metric must be one of p50, /],
  [{ metric: "p9", limit: 1 }, /did you mean p9/],
  [{ metric: "p99", limit: 250 }, /^gates\[0\]\.limit must be a time like "250 ms", or off$/],
  [{ metric: "p99" }, /^gates\[0\]\.limit must be a time/],
  [{ metric: "error_rate", limit: "150 %" }, /must be a share/],
  [{ metric: "restarts", limit: 1.5 }, /must be a whole number/],
  [{ metric: "restarts", limit: 1, scenario: "light" }, /scenario does not go with restarts/],
  [{ metric: "p99", limit: "1 s", workload: "api" }, /workload does not go with p99/],
  [{ metric: "p99", limit: "1 s", scenaro: "light" }, /^gates\[0\]\.scenaro is not a known key/],
];
for (const [given, message] of wrong) {
  test(`gates refuses ${JSON.stringify(given)}`, () => {
    const problems: string[] = [];
    gates.read([given], "gates", ({ path, rule }) => problems.push(`${path} ${rule}`));
    assert.match(problems.join("\n"), message);
  });
}

test("validate refuses a gate on an unknown scenario, and a mix without weights", () => {
  const problemsOf = (loadtest: unknown) => {
    try {
      validate({ loadtest });
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.message;
    }
    return assert.fail("nothing was refused");
  };
  assert.match(problemsOf({ gates: [{ metric: "p99", scenario: "ligth", limit: "1 s" }] }), /ligth/);
  assert.match(problemsOf({ scenarios: { mine: {} } }), /loadtest\.scenarios\.mine\.mix/);
  const mine = {
    scenarios: { mine: { mix: { read: 2 } } },
    gates: [{ metric: "p99", scenario: "mine", limit: "1 s" }],
  };
  assert.equal(validate({ loadtest: mine }).loadtest.scenarios.mine?.mix.read, 2);
});
