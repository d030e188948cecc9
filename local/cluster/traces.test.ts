import assert from "node:assert/strict";
import { test } from "node:test";
import { cniResultsOf } from "./traces.ts";

test("cniResultsOf selects the results of its network and its containers' loopback, and no others", () => {
  const ours = ["breakwater-aa11-eth0", "cni-loopback-aa11-lo"];
  const others = ["podman-bb22-eth0", "cni-loopback-bb22-lo", "breakwaters-cc33-eth0"];
  assert.deepEqual(cniResultsOf("breakwater", [...others, ...ours]), ours);
});
