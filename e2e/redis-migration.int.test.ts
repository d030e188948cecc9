import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { unpackImage } from "../local/images/testing/unpacked-image.ts";
import { parseClusterNodes } from "../redis/cluster-nodes.ts";
import { type NodeAddress, NodeConnection } from "../redis/node-connection.ts";
import { Reconciliation } from "../redis/reconciliation.ts";
import { sizeOf } from "../redis/slot-ranges.ts";
import { ask, RealServers, until } from "../redis/testing/real-servers.ts";
import { settle } from "../redis/testing/settle.ts";
import { writer, writerKeys } from "../redis/testing/writer.ts";

const credentials = { username: "default", password: undefined };
const three = { credentials, shards: 3, replicasPerShard: 0, log: () => undefined };
const four = { ...three, shards: 4 };

let folder: string;
let servers: RealServers | undefined;
let obstacle = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "valkey-"));
  const [command = "", ...rest] = await unpackImage("valkey", "usr/bin/valkey-server", folder).catch(
    (error: Error): string[] => {
      obstacle = `no image of Valkey: ${error.message}`;
      return [];
    },
  );
  if (obstacle !== "") return;
  const settings = ["--enable-debug-command", "yes", "--slot-migration-max-failover-repl-bytes", "1mb"];
  servers = await RealServers.start(4, { network: "127.0.10", program: [command, ...rest], settings });
});

after(async () => {
  await servers?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Numbers of slots of the primaries, as a node sees them. */
async function shares(node: NodeAddress): Promise<number[]> {
  const known = parseClusterNodes(await ask(node, "CLUSTER", "NODES"));
  return known.filter(({ role }) => role === "primary").map(({ slots }) => sizeOf(slots));
}

/** Lets moves from a node go on until their last step, and no further. */
const holdMoves = (node: NodeAddress, isHeld: boolean) =>
  ask(node, "DEBUG", "SLOTMIGRATION", "PREVENT-PAUSE", isHeld ? "1" : "0");

test("a controller moves slots of Valkey in one step, waits for a move of another, and loses no key", async (t) => {
  if (servers === undefined) return t.skip(obstacle);
  const { nodes } = servers;
  const [kept, added] = [nodes.slice(0, 3), nodes.slice(3)];
  const [first, second] = nodes as [NodeAddress, NodeAddress];
  const clients = writer(kept);
  const reconciliation = new Reconciliation({ ...four });
  const connections = nodes.map((node) => new NodeConnection(node, credentials));
  t.after(() => {
    clients.end();
    clients.cluster.destroy();
    for (const each of [reconciliation, ...connections]) each.close();
  });
  await settle({ ...three, nodes: kept, leaving: [] });
  await clients.cluster.connect();
  const writing = clients.start();
  await until("writes", async () => clients.acknowledged.size === writerKeys);

  // The move of a controller that has ended.
  await holdMoves(first, true);
  const id = await ask(second, "CLUSTER", "MYID");
  await ask(first, "CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", "0", "9", "NODE", id);
  const waiting = await reconciliation.step({ ...three, nodes: kept, leaving: [] });
  assert.match("reason" in waiting ? waiting.reason : waiting.state, /^moves of slots to end/);

  // A move that ends without success.
  await ask(first, "CLUSTER", "CANCELSLOTMIGRATIONS");
  const wanted = { ...three, nodes: kept, leaving: [] };
  const [connection] = connections;
  const isMoving = async () => (await connection?.view())?.migrations.length === 1;
  await until("the end of the first move", async () => !(await isMoving()));
  // A slot too many on one node, and one too few on another.
  await ask(
    second,
    "CLUSTER",
    "MIGRATESLOTS",
    "SLOTSRANGE",
    "5461",
    "5560",
    "NODE",
    await ask(first, "CLUSTER", "MYID"),
  );
  await until("another share", async () => (await shares(first)).includes(5561));
  const steps = (async () => {
    for (;;) {
      const step = await reconciliation.step(wanted);
      if ("reason" in step && /slots cancelled/.test(step.reason)) return step.reason;
      assert.notEqual(step.state, "settled");
      await sleep(50);
    }
  })();
  await until("a move", isMoving);
  await ask(first, "CLUSTER", "CANCELSLOTMIGRATIONS");
  assert.match(await steps, /the move of slots cancelled/);
  await holdMoves(first, false);

  await settle({ ...four, nodes, leaving: [] });
  assert.deepEqual(await shares(first), [4096, 4096, 4096, 4096]);
  await settle({ ...three, nodes: kept, leaving: added });
  assert.equal((await shares(first)).length, 3);

  clients.end();
  await writing;
  assert.deepEqual(clients.failures, []);
  for (const [key, count] of clients.acknowledged)
    assert.equal(Number(await clients.cluster.get(key)), count, key);
  for (const node of nodes) {
    assert.doesNotMatch(await ask(node, "INFO", "commandstats"), /cmdstat_migrate:/);
  }
});
