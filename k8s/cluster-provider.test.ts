import assert from "node:assert/strict";
import { test } from "node:test";
import { serverOf } from "./cluster-provider.ts";

const kubeconfig = `
contexts:
  - { name: production, context: { cluster: east, user: ci } }
  - { name: broken, context: { user: ci } }
clusters:
  - { name: west, cluster: { server: "https://west:6443" } }
  - { name: east, cluster: { server: "https://east:6443" } }
`;

test("serverOf follows a context to its cluster's address", () => {
  assert.equal(serverOf([kubeconfig], "production"), "https://east:6443");
  assert.equal(serverOf([JSON.stringify({ contexts: [], clusters: [] })], "production"), undefined);
});

test("serverOf returns nothing when the context is absent, has no cluster, or the file is empty", () => {
  assert.equal(serverOf([kubeconfig], "prod"), undefined);
  assert.equal(serverOf([kubeconfig], "broken"), undefined);
  assert.equal(serverOf([""], "production"), undefined);
});

test("serverOf takes the first entry of a name when several kubeconfigs are given, as kubectl does", () => {
  const other = `
contexts:
  - { name: production, context: { cluster: west, user: me } }
  - { name: mine, context: { cluster: east, user: me } }
`;
  assert.equal(serverOf([kubeconfig, other], "production"), "https://east:6443");
  assert.equal(serverOf([other, kubeconfig], "production"), "https://west:6443");
  assert.equal(serverOf([other, kubeconfig], "mine"), "https://east:6443");
});
