import assert from "node:assert/strict";
import { test } from "node:test";
import { validate } from "../config/validate.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { RedisFormation } from "./redis-formation.ts";
import { idleCluster } from "./testing/idle-cluster.ts";
import { ofKind, recordResources, resolved } from "./testing/recording-mocks.ts";

/** Registers the Job on a cluster that has these formation Jobs. @returns the Job and the Jobs that were removed */
async function formed(formationJobs: string[], isShrinking = false, isPresent = true) {
  const recorded = recordResources();
  const removed: string[] = [];
  const cluster: ClusterReader = {
    ...idleCluster,
    getJson: async () => {
      throw Object.assign(new Error("gone"), { status: 404 });
    },
    delete: async (path) => {
      removed.push(path.split("/").at(-1) ?? "");
    },
  };
  const formation = new RedisFormation("redis-formation", {
    namespace: "space",
    config: validate({}).redis,
    apiImage: "api:1",
    apiPullSecrets: [],
    nodes: ["a:6379", "b:6379"],
    isShrinking,
    formationJobs,
    isPresent,
    cluster,
    domain: "cluster.local",
    setUid: "uid",
  });
  await resolved(formation.job.id);
  const [job] = ofKind(recorded, "Job");
  const env: { name: string; value?: string }[] = job?.inputs.spec.template.spec.containers[0].env;
  return { name: job?.name ?? "", removed, variables: env.map(({ name }) => name) };
}

test("RedisFormation runs again after an interrupted update, and first removes all Jobs of before", async () => {
  const { name, variables, removed } = await formed([], false, false);
  assert.ok(!variables.includes("STARTED_AT"));
  assert.deepEqual(removed, []);
  const known = await formed([name]);
  assert.ok(!known.variables.includes("STARTED_AT"));
  assert.deepEqual(known.removed, []);
  for (const jobs of [[], ["redis-formation-other"], [name, "redis-formation-other"]]) {
    const again = await formed(jobs);
    assert.ok(again.variables.includes("STARTED_AT"));
    assert.deepEqual(again.removed, jobs);
  }
});

test("RedisFormation runs again whenever nodes are to leave", async () => {
  const { name } = await formed([]);
  const { variables, removed } = await formed([name], true);
  assert.ok(variables.includes("STARTED_AT"));
  assert.deepEqual(removed, [name]);
});
