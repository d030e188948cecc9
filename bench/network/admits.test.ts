import assert from "node:assert/strict";
import { test } from "node:test";
import { networkSettings } from "../../config/network-settings.ts";
import { validate } from "../../config/validate.ts";
import { type PodGroup, stackFlows } from "../../k8s/network-flows.ts";
import { admits, type Endpoint, groupOf } from "./admits.ts";

const flows = stackFlows(
  networkSettings(
    validate({
      network: {
        metricsNamespaces: ["monitoring"],
        egress: [{ network: "10.42.7.0/24", ports: [443] }],
      },
    }),
  ),
);
const tcp = (port: number) => ({ port, protocol: "TCP" as const });
const pod = (group: PodGroup): Endpoint => ({ namespace: "s", address: "10.42.0.9", isInStack: true, group });
const stranger: Endpoint = { namespace: "s", address: "10.42.0.8", isInStack: true };
const outside = (namespace: string, address = "10.42.0.7"): Endpoint => ({
  namespace,
  address,
  isInStack: false,
});

test("admits needs both ends: the gateway accepts everyone, but pods of the stack do not connect to it", () => {
  assert.ok(admits(flows, outside("other"), pod("nginx"), tcp(8080)));
  assert.ok(!admits(flows, pod("api"), pod("nginx"), tcp(8080)));
  assert.ok(!admits(flows, stranger, pod("nginx"), tcp(8080)));
  assert.ok(admits(flows, pod("nginx"), pod("api"), tcp(3000)));
  assert.ok(!admits(flows, pod("nginx"), pod("api"), tcp(9000)));
  assert.ok(!admits(flows, outside("other"), pod("api"), tcp(3000)));
});

test("admits knows namespaces and networks", () => {
  assert.ok(admits(flows, outside("monitoring"), pod("api"), tcp(9000)));
  assert.ok(!admits(flows, outside("other"), pod("api"), tcp(9000)));
  assert.ok(admits(flows, pod("api"), outside("other", "10.42.7.1"), tcp(443)));
  assert.ok(!admits(flows, pod("api"), outside("other", "10.42.8.1"), tcp(443)));
  assert.ok(!admits(flows, pod("redis"), outside("other", "10.42.7.1"), tcp(443)));
  const node: Endpoint = { address: "10.42.0.1", isInStack: false };
  assert.ok(admits(flows, pod("redis-controller"), node, tcp(6443)));
  assert.ok(!admits(flows, pod("api"), node, tcp(6443)));
  assert.ok(admits(flows, pod("api"), node, { port: 53, protocol: "UDP" }));
  assert.ok(!admits(flows, pod("database"), node, { port: 53, protocol: "UDP" }));
});

test("groupOf finds the group of labels", () => {
  assert.equal(
    groupOf({ "app.kubernetes.io/name": "redis", "app.kubernetes.io/instance": "redis" }),
    "redis",
  );
  assert.equal(groupOf({ "breakwater/compared-image": "a" }), "compared-image");
  assert.equal(groupOf({ "app.kubernetes.io/name": "other" }), undefined);
});
