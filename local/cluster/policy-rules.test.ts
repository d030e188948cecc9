import assert from "node:assert/strict";
import { test } from "node:test";
import { enforcesPolicies, isPolicyChain, isPolicySet } from "./policy-rules.ts";

const jump = (chain: string): string =>
  `-A ${chain} -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j BW-ROUTER-${chain}`;
const synced = "-A BW-ROUTER-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN";
const rules = [jump("INPUT"), jump("FORWARD"), jump("OUTPUT"), synced];

test("enforcesPolicies is true with all jumps and a synced chain", () => {
  assert.equal(enforcesPolicies(rules.join("\n")), true);
});

test("enforcesPolicies is false when a jump or the first sync is missing", () => {
  for (const missing of rules)
    assert.equal(enforcesPolicies(rules.filter((line) => line !== missing).join("\n")), false, missing);
});

test("isPolicyChain and isPolicySet do not match names of other kube-routers", () => {
  assert.deepEqual(["BW-POD-FW-A", "KUBE-POD-FW-A", "BW-OTHER"].map(isPolicyChain), [true, false, false]);
  assert.deepEqual(["BW-SRC-A", "KUBE-SRC-A", "BW-OTHER"].map(isPolicySet), [true, false, false]);
});
