import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { redisRejoin } from "./programs.ts";

const port = 21_379;
/** Host name of the node that loses its data; also its address afterwards, because the sidecar asks its node there. */
const lost = "127.0.0.1";
const first = "127.0.0.7";
const hosts = [first, ...[2, 3, 4, 5, 6].map((index) => `127.0.0.${index}`)];
const run = promisify(execFile);

let folder: string;
let servers: Map<string, ChildProcess>;
let sidecar: ChildProcess | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "rejoin-"));
  // The client of Debian 12 does not know the option -t, which the sidecar uses in the image.
  const shim = '#!/bin/sh\nhost=$2 port=$4\nshift 6\nexec /usr/bin/redis-cli -h "$host" -p "$port" "$@"\n';
  await writeFile(join(folder, "redis-cli"), shim, { mode: 0o755 });
});
after(() => rm(folder, { recursive: true, force: true }));

async function cli(host: string, ...command: string[]): Promise<string> {
  const { stdout } = await run("redis-cli", ["-h", host, "-p", String(port), ...command]);
  return stdout.trim();
}

async function start(host: string): Promise<void> {
  const name = host === first ? lost : host;
  const dir = await mkdtemp(join(folder, "node-"));
  const options = `--port ${port} --protected-mode no --bind ${host} --dir ${dir} --save  --cluster-enabled yes --cluster-node-timeout 1000 --cluster-require-full-coverage no --cluster-allow-replica-migration no --cluster-announce-ip ${host} --cluster-announce-hostname ${name} --bind-source-addr ${host} --repl-diskless-sync-delay 0`;
  const server = spawn("redis-server", options.split(" "), { stdio: "ignore" });
  servers.set(host, server);
  await until(`${host} to answer`, async () => (await cli(host, "ping").catch(() => "")) === "PONG");
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await sleep(100))
    if (Date.now() > end) assert.fail(`no end of waiting for ${what}`);
}

/** Forms a cluster of three shards, and starts the sidecar of the first node. */
async function cluster(replicasPerShard: number): Promise<void> {
  servers = new Map();
  const nodes = hosts.slice(0, 3 * (1 + replicasPerShard));
  await Promise.all(nodes.map(start));
  const ends = [-1, 5460, 10_922, 16_383];
  const primaries = nodes.slice(0, 3);
  for (const [index, host] of primaries.entries()) {
    await cli(host, "cluster", "set-config-epoch", String(index + 1));
    await cli(host, "cluster", "addslotsrange", `${(ends[index] ?? 0) + 1}`, `${ends[index + 1]}`);
  }
  for (const host of nodes.slice(1)) await cli(first, "cluster", "meet", host, String(port));
  for (const [index, host] of nodes.slice(3).entries()) {
    const id = await cli(primaries[index] ?? "", "cluster", "myid");
    await until("a replica", async () => (await cli(host, "cluster", "replicate", id)) === "OK");
  }
  await until("the cluster", async () => (await Promise.all(nodes.map(isWhole))).every(Boolean));
  await writeFile(join(folder, "hosts"), `${[lost, ...nodes.slice(1)].join(" ")}\n`);
  const path = `${folder}:${process.env.PATH}`;
  const env = {
    ...process.env,
    PATH: path,
    POD_IP: lost,
    PEERS_FILE: join(folder, "hosts"),
    PORT: String(port),
  };
  sidecar = spawn("sh", ["-uc", redisRejoin], { env, stdio: ["ignore", "ignore", "inherit"] });
}

async function end(): Promise<void> {
  sidecar?.kill("SIGTERM");
  await Promise.all([...servers.values()].map(stop));
}

/** Whether the node sees all slots served, by as many nodes as there are, none of them failed. */
async function isWhole(host: string): Promise<boolean> {
  const [info, table] = [await cli(host, "cluster", "info"), await cli(host, "cluster", "nodes")];
  // A replica that has never had its primary's data is not promoted.
  if ((await cli(host, "info", "replication")).includes("master_link_status:down")) return false;
  const known = `cluster_known_nodes:${servers.size}\r`;
  return (
    info.includes("cluster_state:ok") &&
    info.includes("cluster_slots_ok:16384") &&
    info.includes(known) &&
    !/fail|handshake/.test(table)
  );
}

/** Replaces the first node by one without its data. @returns the addresses of all nodes */
async function loseData(): Promise<string[]> {
  await stop(servers.get(first));
  servers.delete(first);
  await start(lost);
  return [...servers.keys()];
}

/** Replicas of each primary in the table of a node, as ids of primaries. */
async function followed(host: string): Promise<string[]> {
  const lines = (await cli(host, "cluster", "nodes")).split("\n");
  return lines
    .map((line) => line.split(" "))
    .flatMap(([, , flags, primary]) => (flags?.includes("slave") ? [`${primary}`] : []));
}

/** Asks the replica of the first node to take over. */
async function takeOver(): Promise<boolean> {
  const id = await cli(first, "cluster", "myid");
  const table = (await cli(first, "cluster", "nodes")).split("\n").map((line) => line.split(" "));
  const address = table.find(([, , , primary]) => primary === id)?.[1] ?? "";
  return (await cli(/^[\d.]+/.exec(address)?.[0] ?? "", "cluster", "failover")) === "OK";
}

for (const role of ["primary", "replica"] as const)
  test(`redisRejoin makes a ${role} that lost its data a replica, and the others forget it`, async () => {
    try {
      await cluster(1);
      const isReplica = async (host: string) => (await cli(host, "role")).startsWith("slave");
      if (role === "replica") {
        await until("a replica to take over", async () => (await isReplica(first)) || (await takeOver()));
        await until("the node to be a replica", () => isReplica(first));
      }
      const now = await loseData();
      await until("a whole cluster", async () => (await Promise.all(now.map(isWhole))).every(Boolean));
      await until("the node to be a replica", () => isReplica(lost));
      assert.equal(new Set(await followed(lost)).size, 3);
    } finally {
      await end();
    }
  });

test("redisRejoin takes the slots of a node without replicas, which starts empty", async () => {
  try {
    await cluster(0);
    const before = (await cli(first, "cluster", "nodes")).match(/myself.*connected (\S+)/)?.[1];
    const now = await loseData();
    await until("a whole cluster", async () => (await Promise.all(now.map(isWhole))).every(Boolean));
    const entry = (await cli(hosts[1] ?? "", "cluster", "nodes"))
      .split("\n")
      .find((line) => line.includes(`,${lost}`));
    assert.equal(entry?.split(" ").at(-1), before);
  } finally {
    await end();
  }
});
