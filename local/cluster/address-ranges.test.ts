import assert from "node:assert/strict";
import { test } from "node:test";
import { routesInTheWay } from "./address-ranges.ts";

test("routesInTheWay returns another interface's routes within the pod and service ranges", () => {
  const other = [
    { dst: "10.42.0.0/24", dev: "kit0" },
    { dst: "10.42.0.0/16", dev: "flannel.1" },
    { dst: "10.43.7.7", dev: "tun0" },
  ];
  assert.deepEqual(routesInTheWay(other), other);
});

test("routesInTheWay leaves out the cluster's own routes, wider routes and routes of other ranges", () => {
  assert.deepEqual(
    routesInTheWay([
      { dst: "default", dev: "eth0" },
      { dst: "10.0.0.0/8", dev: "vpn0" },
      { dst: "10.44.0.0/16", dev: "eth1" },
      { dst: "192.0.2.0/24", dev: "eth0" },
      { dst: "10.42.0.0/24", dev: "breakwater0" },
      { dst: "10.43.0.0/16", dev: "breakwater0" },
      { type: "unreachable", dst: "10.42.0.0/16", dev: "lo" },
      { type: "unreachable", dst: "10.43.0.0/16" },
    ]),
    [],
  );
});
