import assert from "node:assert/strict";
import { test } from "node:test";
import { MiB } from "../config/units.ts";
import { growthProblem, type LiveClaim, type LiveSet, planVolumes, type VolumeWish } from "./volume-plan.ts";

const wish: VolumeWish = { name: "redis", storage: 256 * MiB, generation: 1 };
const live: LiveSet = { templateName: "data", templateStorage: 256 * MiB, replicas: 6, uid: "uid" };
const claim = (change: Partial<LiveClaim> = {}): LiveClaim => ({
  name: "data-redis-0",
  requested: 256 * MiB,
  capacity: 256 * MiB,
  storageClass: "standard",
  ...change,
});
const claims = [claim(), claim({ name: "data-redis-1" })];
const rules = (given: VolumeWish, set: LiveSet | undefined = live, own = claims) =>
  planVolumes(given, set, own).problems.map(({ path, rule }) => `${path} ${rule}`);

test("planVolumes plans nothing for a stack that fits, also one whose volumes a driver has rounded up", () => {
  for (const capacity of [256 * MiB, 1024 * MiB, undefined]) {
    const plan = planVolumes(wish, live, [claim({ capacity })]);
    const { templateName, growths, problems, notices } = plan;
    assert.deepEqual([templateName, growths, problems, notices], ["data", [], [], []]);
    assert.equal(plan.keepsTemplate, true);
  }
});

test("planVolumes lets every claim of the set grow, and no other claim", () => {
  const others = [claim({ name: "data-redis-old" }), claim({ name: "data-database-0" })];
  const { growths, keepsTemplate } = planVolumes({ ...wish, storage: 512 * MiB }, live, [
    ...claims,
    ...others,
  ]);
  assert.equal(keepsTemplate, true);
  assert.deepEqual(growths, [
    { claim: "data-redis-0", from: 256 * MiB, to: 512 * MiB },
    { claim: "data-redis-1", from: 256 * MiB, to: 512 * MiB },
  ]);
});

test("planVolumes grows the rest when an update was killed half-way", () => {
  const own = [claim({ requested: 512 * MiB }), claim({ name: "data-redis-1" })];
  const { growths } = planVolumes({ ...wish, storage: 512 * MiB }, live, own);
  assert.deepEqual(growths, [{ claim: "data-redis-1", from: 256 * MiB, to: 512 * MiB }]);
});

test("planVolumes refuses a smaller size, but takes an expansion back that has not been carried out", () => {
  assert.deepEqual(rules({ ...wish, storage: 128 * MiB }), [
    "redis.storage must be at least 256 MiB, the size of data-redis-0: a volume cannot get smaller",
  ]);
  const pending = [claim({ requested: 1024 * MiB })];
  assert.deepEqual(planVolumes({ ...wish, storage: 512 * MiB }, live, pending).growths, [
    { claim: "data-redis-0", from: 1024 * MiB, to: 512 * MiB },
  ]);
  assert.equal(rules(wish, live, pending).length, 1);
});

test("planVolumes refuses another storage class, and accepts the name of the class that the volumes have", () => {
  assert.deepEqual(rules({ ...wish, storageClass: "fast" }), [
    "cluster.storageClass is not the class of the volumes of redis, which is standard: a volume cannot change its class",
  ]);
  assert.deepEqual(rules({ ...wish, storageClass: "standard" }), []);
  assert.deepEqual(rules({ ...wish, storageClass: "fast" }, { ...live, storageClass: "slow" }, []).length, 1);
  assert.deepEqual(rules({ ...wish, storageClass: "fast" }, live, []), []);
});

test("planVolumes refuses another server on the same volumes, and accepts it with new ones", () => {
  const valkey = { ...wish, server: "valkey" } as const;
  const [problem] = planVolumes(valkey, live, claims).problems;
  assert.deepEqual(problem, {
    path: "redis.server",
    value: "valkey",
    rule: "cannot read the volumes of the StatefulSet redis, which redis has written",
    fix: "set it back: pulumi config set --path redis.server 'redis', or make new volumes: pulumi config set --path redis.volumeGeneration 2, which empties the cache",
  });
  assert.deepEqual(rules({ ...valkey, generation: 2 }), []);
  assert.deepEqual(rules(valkey, { ...live, server: "valkey" }), []);
  assert.equal(rules({ ...wish, server: "redis" }, { ...live, server: "valkey" }).length, 1);
  assert.deepEqual(planVolumes(valkey, undefined, []).problems, []);
});

test("planVolumes reports all problems of a set at once", () => {
  assert.equal(rules({ ...wish, storage: 16 * MiB, storageClass: "fast" }).length, 2);
});

test("planVolumes makes other volumes for another generation, whatever else changes, and reports it", () => {
  const next = { ...wish, generation: 2, storage: 16 * MiB, storageClass: "fast" };
  const plan = planVolumes(next, live, claims);
  assert.deepEqual(
    [plan.templateName, plan.keepsTemplate, plan.growths, plan.problems],
    ["data-2", false, [], []],
  );
  assert.match(plan.notices.join(), /redis is replaced, and the cache starts empty/);
});

test("planVolumes reports a volume that has not grown yet, and what is left to do", () => {
  const late = (growsAtNextMount: boolean) =>
    planVolumes(wish, live, [claim({ capacity: 128 * MiB, growsAtNextMount })]).notices.join();
  assert.match(late(false), /data-redis-0 still has 128 MiB of 256 MiB: kubectl describe pvc/);
  assert.match(late(true), /grows when its pod restarts$/);
});

test("planVolumes names the claims that keep the database's former data", () => {
  const database = { ...wish, name: "database", generation: 2 } as const;
  const old = claim({ name: "data-database-0" });
  assert.match(planVolumes(database, live, [old]).notices.join(), /empty volume; .* claim data-database-0$/);
  const back = { ...database, generation: 1 };
  const present = { ...live, templateName: "data-2" };
  assert.match(
    planVolumes(back, present, [old]).notices.join(),
    /volume that data-database-0 has kept; .* data-2-database-0$/,
  );
});

test("planVolumes refuses another generation of protected volumes, and says how to allow it", () => {
  const database = {
    ...wish,
    name: "database",
    generation: 2,
    isProtected: true,
  } as const;
  const [problem] = planVolumes(database, live, []).problems;
  assert.match(problem?.fix ?? "", /database\.volumeGeneration 1, or .* database\.protect false/);
  assert.deepEqual(rules(database, { ...live, templateName: "data-2" }, []), []);
});

test("planVolumes checks claims that outlived their StatefulSet", () => {
  assert.equal(planVolumes({ ...wish, storage: 16 * MiB }, undefined, claims).problems.length, 1);
  assert.equal(planVolumes(wish, undefined, []).keepsTemplate, false);
});

test("growthProblem names the claim, the cluster's reason and both ways out", () => {
  const growth = { claim: "data-database-0", from: 256 * MiB, to: 512 * MiB };
  const problem = growthProblem({ ...wish, name: "database", storage: 512 * MiB }, growth, "no resize");
  assert.match(
    problem.rule,
    /data-database-0 to grow from 256 MiB, which the cluster refuses \(no resize\)$/,
  );
  assert.match(
    problem.fix,
    /database\.storage '256 MiB', or .*database\.volumeGeneration 2, .*configuration\.md#volumes/,
  );
});
