import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];

/** A Redis of five shards, in a stack that wants three. */
const redis = {
  metadata: { name: "redis", namespace: "breakwater-test", uid: "uid-of-redis" },
  spec: {
    replicas: 10,
    volumeClaimTemplates: [
      { metadata: { name: "data" }, spec: { resources: { requests: { storage: "256Mi" } } } },
    ],
  },
};

before(async () => {
  const config = { cluster: { dnsTtl: "0 s" }, redis: { shards: 3 } };
  ({ recorded } = await runProgram(config, { statefulsets: [redis] }));
});

const job = () => ofKind(recorded, "Job").find(({ name }) => name.startsWith("redis-formation-"));
const controller = () => ofKind(recorded, "Deployment").find(({ name }) => name === "redis-controller");
const variable = (one: Recorded | undefined, wanted: string): string =>
  one?.inputs.spec.template.spec.containers[0].env.find(({ name }: { name: string }) => name === wanted)
    ?.value;
const set = () => ofKind(recorded, "StatefulSet").find(({ name }) => name === "redis");

test("the controller drains pods that are to go, and a Job waits for that, before the StatefulSet shrinks", () => {
  assert.equal(set()?.inputs.spec.replicas, 6);
  const placeOf = (one: Recorded | undefined) => recorded.indexOf(one ?? assert.fail("not registered"));
  assert.ok(placeOf(controller()) < placeOf(job()));
  assert.ok(placeOf(job()) < placeOf(set()));
});

test("the controller lists the nodes that stay, and the Job runs even if an equal one has run before", () => {
  const hosts = variable(controller(), "REDIS_NODES")
    .split(",")
    .map((node: string) => node.split(".")[0]);
  assert.deepEqual(hosts, ["redis-0", "redis-1", "redis-2", "redis-3", "redis-4", "redis-5"]);
  assert.match(variable(job(), "STARTED_AT"), /^\d{4}-/);
  const { annotations } = job()?.inputs.spec.template.metadata ?? {};
  assert.equal(annotations["breakwater.dev/statefulset"], "uid-of-redis");
});

test("a change of the number of nodes changes no pod", () => {
  const template = JSON.stringify(set()?.inputs.spec.template);
  assert.doesNotMatch(template, /redis-\d+\./);
});
