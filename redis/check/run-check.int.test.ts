import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { CheckLine } from "../../contract/redis-check.ts";
import { checkPrefix } from "../../contract/redis-users.ts";
import type { NodeAddress } from "../node-connection.ts";
import { ask, RealServers, until } from "../testing/real-servers.ts";
import { settle } from "../testing/settle.ts";
import { type CheckSettings, runCheck } from "./run-check.ts";

const credentials = { username: "default", password: undefined };
let servers: RealServers;

before(async () => {
  servers = await RealServers.start(6);
  const shape = { credentials, shards: 3, replicasPerShard: 1, log: () => undefined };
  await settle({ ...shape, nodes: servers.nodes, leaving: [] });
});
after(() => servers.stop());

/** Runs a check. `disturb` is called with the nodes once writes were acknowledged, and the check ends after it. */
async function check(disturb: () => Promise<void>, more: Partial<CheckSettings> = {}) {
  const ending = new AbortController();
  const disturbed = Promise.withResolvers<void>();
  let isDisturbed = false;
  const print = (line: CheckLine) => {
    if (!("progress" in line) || line.progress.acknowledged === 0 || isDisturbed) return;
    isDisturbed = true;
    disturb().then(disturbed.resolve, disturbed.reject);
  };
  const report = runCheck({
    nodes: servers.nodes.map(({ host, port }) => `${host}:${port}`),
    username: "default",
    passwords: () => [],
    durationMs: 60_000,
    rate: 300,
    keys: 60,
    ballast: undefined,
    signal: ending.signal,
    print,
    ...more,
  });
  await disturbed.promise;
  ending.abort();
  return report;
}

/** Keys of checks that the cluster has. */
async function leftKeys(): Promise<string[]> {
  const found = await Promise.all(servers.nodes.map((node) => ask(node, "KEYS", `${checkPrefix}*`)));
  return found.filter((text) => text !== "");
}

/** The primary of a slot, and a key of the check in it. */
async function someKey(): Promise<[NodeAddress, string]> {
  for (const node of servers.nodes) {
    const role = await ask(node, "ROLE");
    const [key] = (await ask(node, "KEYS", `${checkPrefix}*`)).split(",");
    if (role.startsWith("master") && key) return [node, key];
  }
  throw new Error("no key");
}

test("runCheck finds nothing in a cluster that is whole, and leaves no key", async () => {
  const report = await check(async () => {}, { ballast: { keys: 500, largeMiB: 2, fields: 1200 } });
  assert.ok(report.acknowledged > 0 && report.reads > 0);
  assert.deepEqual(report.refused, {});
  assert.deepEqual([report.lost, report.uncertain, report.stale, report.unreadable], [0, 0, 0, 0]);
  assert.deepEqual(report.ballast, { keys: 502, lost: 0 });
  assert.equal(report.shards.length, 3);
  assert.deepEqual(await leftKeys(), []);
});

test("runCheck that is ended while it writes its ballast leaves no key", async () => {
  const ending = new AbortController();
  const writing = runCheck({
    nodes: servers.nodes.map(({ host, port }) => `${host}:${port}`),
    username: "default",
    passwords: () => [],
    durationMs: 60_000,
    rate: 1,
    keys: 1,
    ballast: { keys: 30_000, largeMiB: 0, fields: 0 },
    signal: ending.signal,
    print: () => {},
  });
  await until("a key", async () => {
    const counts = await Promise.all(servers.nodes.map((node) => ask(node, "DBSIZE")));
    return counts.some((count) => count !== "0");
  });
  ending.abort(new Error("ended"));
  await assert.rejects(writing, /ended/);
  assert.deepEqual(await leftKeys(), []);
});

test("runCheck counts a key that is gone as a lost write, and an older number too", async () => {
  const report = await check(async () => {
    const [node, key] = await someKey();
    await ask(node, "DEL", key);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await ask(node, "SET", key, "1");
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
  assert.equal(report.lost, 2);
  const [gone, old] = report.lostWrites;
  assert.equal(gone?.found, null);
  assert.equal(old?.found, 1);
  assert.ok((old?.wrote ?? 0) > 1);
});

test("runCheck goes on with the replica of a primary that was killed, and names the errors", async () => {
  const report = await check(async () => {
    const [node] = await someKey();
    await servers.killNode(node);
    const others = servers.nodes.filter(({ host }) => host !== node.host);
    await until("another primary", async () => {
      const roles = await Promise.all(others.map((other) => ask(other, "ROLE")));
      return roles.filter((role) => role.startsWith("master")).length === 3;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
  assert.ok(Object.keys(report.refused).length > 0);
  assert.equal(report.unreadable, 0);
  assert.ok(report.shards.every(({ acknowledged }) => acknowledged > 0));
});
