import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FailoverWatch } from "./failover-watch.ts";
import type { NodeAddress } from "./node-connection.ts";
import { ask, RealServers, until } from "./testing/real-servers.ts";
import { settle } from "./testing/settle.ts";

test("a replica takes over from a silent primary when the watch asks it to, and only then", async () => {
  // Redis itself fails nothing over.
  const settings = ["--cluster-replica-no-failover", "yes"];
  const servers = await RealServers.start(6, { network: "127.0.11", nodeTimeoutMs: 1000, settings });
  const credentials = { username: "default", password: undefined };
  const lines: string[] = [];
  let mayAct = false;
  const watch = new FailoverWatch({
    nodes: servers.nodes,
    credentials,
    log: (line) => lines.push(line),
    mayAct: () => mayAct,
  });
  const ending = new AbortController();
  const watching = watch.run(ending.signal);
  const [primary, second, , replica] = servers.nodes as [NodeAddress, NodeAddress, NodeAddress, NodeAddress];
  const shape = { shards: 3, replicasPerShard: 1, nodes: servers.nodes, leaving: [] };
  try {
    await settle({ ...shape, credentials, log: () => undefined });
    await servers.killNode(primary);
    await until("a suspicion", async () => /fail/.test(await ask(second, "CLUSTER", "NODES")));
    await sleep(1_000);
    assert.match(await ask(replica, "ROLE"), /^slave/);
    mayAct = true;
    await until("the replica to take over", async () => /^master/.test(await ask(replica, "ROLE")));
    assert.equal(watch.count, 1);
    assert.match(lines.join("\n"), /^127\.0\.11\.4:\d+ is asked to take over from its primary [0-9a-f]{40}/);

    await servers.startNode(primary);
    await settle({ ...shape, credentials, log: () => undefined });
    assert.match(await ask(primary, "ROLE"), /^slave/);
    assert.equal(watch.count, 1);
  } finally {
    ending.abort();
    await watching;
    await servers.stop();
  }
});
