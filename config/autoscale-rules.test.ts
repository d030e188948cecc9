import assert from "node:assert/strict";
import { test } from "node:test";
import { planDatabasePool } from "./database-pool.ts";
import { derivePools } from "./derive.ts";
import { problemsOf } from "./testing/problems.ts";
import { validate } from "./validate.ts";

const problems = (api: object) => problemsOf({ api }).map(({ path, rule }) => `${path} ${rule}`);

test("validate refuses autoscaling beside a number of pods, pools, and bounds the wrong way round", () => {
  assert.deepEqual(problems({ autoscale: { max: 10 } }), []);
  assert.deepEqual(problems({ replicas: 3, autoscale: { max: 10 } }), []);
  assert.match(problems({ replicas: 5, autoscale: { max: 10 } }).join(), /^api\.replicas is not read/);
  assert.match(
    problems({ autoscale: { max: 10 }, pools: [{ name: "a", replicas: 1 }] }).join(),
    /^api\.autoscale\.max is for a single pool/,
  );
  assert.match(problems({ autoscale: { min: 4, max: 3 } }).join(), /^api\.autoscale\.min must be at most/);
  assert.deepEqual(problems({ replicas: 5, autoscale: { min: 4 } }), []);
});

test("the gateway and the database are planned for the highest number of pods", () => {
  const { api, database } = validate({ api: { cpu: "500m", autoscale: { min: 1, max: 8, cpuPercent: 50 } } });
  const [pool] = derivePools(api);
  assert.equal(pool?.replicas, 8);
  assert.deepEqual(pool?.autoscale, { min: 1, max: 8, cpuMillicores: 250, scaleDownAfter: 300_000 });
  assert.equal(planDatabasePool({ api, database }).pods, 16);
  assert.equal(derivePools(validate({}).api)[0]?.autoscale, undefined);
});
