import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { redisRejoin } from "./programs.ts";

// Redis takes a new address from gossip only during failures, which a test cannot time, so a script replies in its place.
const client = `#!/bin/sh
case "$*" in
  *"info replication"*) printf 'role:slave\\r\\nmaster_host:%s\\r\\nmaster_link_status:down\\r\\n' "$COPIES_FROM" ;;
  *"cluster nodes"*) printf '%s\\n' \\
    'p1 10.0.0.130:6379@16379,redis-0 master - 0 1 2 connected 0-16383' \\
    'r1 10.0.0.132:6379@16379,redis-1 myself,slave p1 0 0 2 connected' ;;
  *"cluster info"*) printf 'cluster_state:ok\\r\\ncluster_known_nodes:2\\r\\n' ;;
  *) echo "$*" >>"$CALLS"; echo OK ;;
esac
`;

/** Returns the commands that the sidecar sends up to its CLUSTER MEET to the peer. */
async function sentWhile(copiesFrom: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "rejoin-"));
  const calls = join(folder, "calls");
  writeFileSync(join(folder, "redis-cli"), client, { mode: 0o755 });
  writeFileSync(join(folder, "hosts"), "redis-0\n");
  const env = { PATH: `${folder}:${process.env.PATH}`, CALLS: calls, COPIES_FROM: copiesFrom };
  const sidecar = spawn("sh", ["-uc", redisRejoin], {
    env: { ...env, POD_IP: "10.0.0.132", PEERS_FILE: join(folder, "hosts"), PORT: "6379" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((resolve) => sidecar.on("exit", resolve));
  try {
    const sent = () => (existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : []);
    while (!sent().some((line) => line.includes("cluster meet"))) {
      assert.equal(sidecar.exitCode, null, "the sidecar exited");
      await sleep(50);
    }
    return sent();
  } finally {
    sidecar.kill();
    await ended;
    rmSync(folder, { recursive: true });
  }
}

test("redisRejoin sends CLUSTER REPLICATE and MEET when a replica copies from an outdated address", async () => {
  assert.deepEqual(await sentWhile("10.0.0.13"), [
    "-h 127.0.0.1 -p 6379 -t 1 cluster replicate p1",
    "-h redis-0 -p 6379 -t 1 cluster meet 10.0.0.132 6379",
  ]);
});

test("redisRejoin sends only CLUSTER MEET when a replica waits for its primary", async () => {
  assert.deepEqual(await sentWhile("10.0.0.130"), ["-h redis-0 -p 6379 -t 1 cluster meet 10.0.0.132 6379"]);
});
