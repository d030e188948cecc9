import { setTimeout as sleep } from "node:timers/promises";
import { createCluster } from "@redis/client";
import type { Credentials } from "../cluster-node.ts";
import type { NodeAddress } from "../node-connection.ts";

/** Number of keys that a writer writes. */
export const writerKeys = 1200;

/** Four clients that write numbered values to keys of all shards until they are ended, each key again and again. */
export function writer(nodes: readonly NodeAddress[], login?: Credentials, prefix = "") {
  const rootNodes = nodes.map(({ host, port }) => ({ socket: { host, port } }));
  const cluster = createCluster({ rootNodes, RESP: 2, defaults: { ...login, disableClientInfo: true } });
  cluster.on("error", () => undefined);
  cluster.on("node-error", () => undefined);
  const acknowledged = new Map<string, number>();
  const failures: string[] = [];
  let isEnding = false;
  const write = async (client: number) => {
    for (let count = 1; !isEnding; count++) {
      const key = `${prefix}live:${client}:${count % (writerKeys / 4)}`;
      await cluster.set(key, count).then(
        () => acknowledged.set(key, count),
        (error: Error) => failures.push(error.message),
      );
      await sleep(1);
    }
  };
  return {
    cluster,
    /** The last number of each key that was acknowledged. */
    acknowledged,
    /** Messages of writes that failed: they may be there or not. */
    failures,
    start: () => Promise.all([0, 1, 2, 3].map(write)),
    end: () => {
      isEnding = true;
    },
  };
}
