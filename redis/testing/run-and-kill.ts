import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeAddress } from "../node-connection.ts";
import type { StubKubernetes } from "./stub-kubernetes.ts";

/** What a controller is to reach, with a replica for each shard. */
export interface Goal {
  kubernetes: StubKubernetes;
  nodes: readonly NodeAddress[];
  /** Nodes that are to leave. */
  leaving: readonly NodeAddress[];
  shards: number;
}

/** Starts a controller in a process of its own, and kills it so long after its first line. */
export async function runAndKill(
  { kubernetes, nodes, leaving, shards }: Goal,
  afterMs: number,
): Promise<void> {
  const env = {
    ...process.env,
    REDIS_NODES: listOf(nodes),
    LEAVING_NODES: listOf(leaving),
    REDIS_SHARDS: String(shards),
    REDIS_REPLICAS_PER_SHARD: "1",
    POD_NAMESPACE: "space",
    POD_NAME: "controller",
    KUBERNETES_URL: kubernetes.url,
  };
  const program = spawn(process.execPath, [join(import.meta.dirname, "controller-program.ts")], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(program, "exit");
  await Promise.race([once(program.stdout, "data"), ended]);
  await sleep(afterMs);
  program.kill("SIGKILL");
  await ended;
}

function listOf(nodes: readonly NodeAddress[]): string {
  return nodes.map(({ host, port }) => `${host}:${port}`).join(",");
}
