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
const set = () => ofKind(recorded, "StatefulSet").find(({ name }) => name === "redis");

test("pods that are to go leave the cluster before the StatefulSet shrinks", () => {
  assert.equal(set()?.inputs.spec.replicas, 6);
  const placeOf = (one: Recorded | undefined) => recorded.indexOf(one ?? assert.fail("not registered"));
  assert.ok(placeOf(job()) < placeOf(set()));
});

test("the Job lists the nodes that stay and those that leave, and runs even if an equal one has run before", () => {
  const { metadata, spec } = job()?.inputs.spec.template ?? {};
  // biome-ignore lint/suspicious/noExplicitAny: variables of the container
  const variable = (wanted: string) => spec.containers[0].env.find(({ name }: any) => name === wanted)?.value;
  const hosts = (list: string) => list.split(",").map((node) => node.split(".")[0]);
  assert.deepEqual(hosts(variable("REDIS_NODES")), [
    "redis-0",
    "redis-1",
    "redis-2",
    "redis-3",
    "redis-4",
    "redis-5",
  ]);
  assert.deepEqual(hosts(variable("REDIS_LEAVING_NODES")), ["redis-6", "redis-7", "redis-8", "redis-9"]);
  assert.match(variable("STARTED_AT"), /^\d{4}-/);
  assert.equal(metadata.annotations["breakwater.dev/statefulset"], "uid-of-redis");
});

test("a change of the number of nodes changes no pod", () => {
  const template = JSON.stringify(set()?.inputs.spec.template);
  assert.doesNotMatch(template, /redis-\d+\./);
  const [peers] = ofKind(recorded, "ConfigMap").filter(({ name }) => name === "redis-peers");
  assert.match(peers?.inputs.data.hosts, /^redis-0\.\S+( redis-\d\.\S+){5}\n$/);
});
