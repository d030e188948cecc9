import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ClusterIdentity } from "../contract/outputs.ts";
import { UserError } from "../contract/user-error.ts";
import { findCluster } from "./cluster-search.ts";
import { sampleOutputs } from "./testing/samples.ts";
import { type StubAnswer, StubCluster } from "./testing/stub-cluster.ts";

const namespace = "/api/v1/namespaces/breakwater-local";
const withUid = (uid: string): StubAnswer => ({ status: 200, body: { metadata: { uid } } });

function start(answer: StubAnswer): Promise<StubCluster> {
  return StubCluster.start(({ path }) => (path === namespace ? answer : { status: 500 }));
}

/** Writes a kubeconfig whose contexts lead to these addresses. @returns its path */
function kubeconfig(t: TestContext, contexts: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "cluster-search-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "config");
  const names = Object.entries(contexts);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: names.map(([name, server]) => ({
      name,
      cluster: { server, "insecure-skip-tls-verify": true },
    })),
    users: names.map(([name]) => ({ name, user: {} })),
    contexts: names.map(([name]) => ({ name, context: { cluster: name, user: name } })),
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function find(cluster: ClusterIdentity, env: NodeJS.ProcessEnv) {
  return findCluster(sampleOutputs({ cluster }), { env, folder: "/nowhere" });
}

const prod = (server?: string): ClusterIdentity => ({ kubeContext: "prod", server, namespaceUid: "uid-1" });

async function refused(work: Promise<unknown>, message: RegExp, fix: RegExp): Promise<void> {
  await assert.rejects(work, (error: Error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    assert.match(error.fix, fix);
    return true;
  });
}

test("findCluster finds the cluster by its address when path and context have other names", async (t) => {
  await using stub = await start(withUid("uid-1"));
  const server = stub.server;
  const path = kubeconfig(t, { other: "http://127.0.0.1:1", mine: `${server}/` });
  const found = await find(prod(server), { KUBECONFIG: path });
  assert.deepEqual(found, { kubeconfig: [path], kubeContext: "mine" });
});

test("findCluster finds the cluster by the namespace's UID when this user reaches it at another address", async (t) => {
  await using stub = await start(withUid("uid-1"));
  const path = kubeconfig(t, { prod: stub.server });
  const found = await find(prod("https://behind-a-vpn:6443"), { KUBECONFIG: path });
  assert.equal(found.kubeContext, "prod");
});

test("findCluster refuses a context of the same name that leads to another cluster", async (t) => {
  await using stub = await start(withUid("uid-2"));
  const server = stub.server;
  const env = { KUBECONFIG: kubeconfig(t, { prod: server }) };
  const other = /context prod, .*context prod leads to another cluster/s;
  await refused(find(prod("https://east:6443"), env), other, /KUBECONFIG=.*npm run loadtest/);
  // Two private networks may have the same addresses.
  await refused(find(prod(server), env), other, /KUBECONFIG=/);
});

test("findCluster goes on to the next kubeconfig that leads to the cluster", async (t) => {
  await using wrong = await start(withUid("uid-2"));
  await using right = await start(withUid("uid-1"));
  const named = kubeconfig(t, { prod: wrong.server });
  const own = kubeconfig(t, { prod: right.server });
  const found = await find({ ...prod("https://east:6443"), kubeconfig: named }, { KUBECONFIG: own });
  assert.deepEqual(found.kubeconfig, [own]);
});

test("findCluster merges the files of $KUBECONFIG and reads ~/.kube/config without it", async (t) => {
  await using stub = await start(withUid("uid-1"));
  const first = kubeconfig(t, { other: "http://127.0.0.1:1" });
  const second = kubeconfig(t, { mine: stub.server });
  const merged = await find(prod(stub.server), { KUBECONFIG: `${first}:${second}` });
  assert.deepEqual(merged, { kubeconfig: [first, second], kubeContext: "mine" });
  await refused(
    find(prod("https://east:6443"), { HOME: "/nowhere" }),
    /\/nowhere\/\.kube\/config/,
    /of any name/,
  );
});

test("findCluster accepts a user who may not read the namespace only at the deployer's address", async (t) => {
  await using stub = await start({ status: 403 });
  const server = stub.server;
  const env = { KUBECONFIG: kubeconfig(t, { prod: server }) };
  assert.equal((await find(prod(server), env)).kubeContext, "prod");
  await refused(find(prod("https://east:6443"), env), /refuses this user/, /KUBECONFIG=/);
});

test("findCluster reads the outputs of an older program with its kubeconfig, and asks for an up elsewhere", async (t) => {
  await using stub = await start(withUid("uid-1"));
  const path = kubeconfig(t, { prod: stub.server });
  const found = await find({ kubeContext: "prod", kubeconfig: path }, {});
  assert.deepEqual(found, { kubeconfig: [path], kubeContext: "prod" });
  const missing = { kubeContext: "prod", kubeconfig: "/home/deployer/config" };
  await refused(find(missing, { KUBECONFIG: path }), /\/home\/deployer\/config/, /npm run up/);
});
