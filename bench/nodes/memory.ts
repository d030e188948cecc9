import { setTimeout as sleep } from "node:timers/promises";
import { proportionalBytes } from "../../host/process-table.ts";
import { daemonState } from "../../local/cluster/process-supervisor.ts";

/** The processes whose memory depends on the number of nodes and pods. */
export const measured = ["kube-apiserver", "etcd", "kwok", "coredns"] as const;
export type Measured = (typeof measured)[number];

/** Memory of each process in bytes (PSS, which counts shared pages in part); 0 when it does not run. */
export type Memory = Record<Measured, number>;

const intervalMs = 1000;

/** Reads the memory of all measured processes. */
export async function readMemory(): Promise<Memory> {
  const values = await Promise.all(
    measured.map(async (name) => {
      const { state, pid } = await daemonState(name);
      return [name, state === "running" && pid !== undefined ? await proportionalBytes(pid) : 0] as const;
    }),
  );
  return Object.fromEntries(values) as Memory;
}

/** Reads the memory every second until `stop`, which returns the highest value of each process. */
export function watchPeak(): { stop(): Promise<Memory> } {
  let peak: Memory | undefined;
  let isStopped = false;
  const watching = (async () => {
    do {
      const now = await readMemory();
      const before = peak ?? now;
      peak = Object.fromEntries(measured.map((name) => [name, Math.max(before[name], now[name])])) as Memory;
      if (!isStopped) await sleep(intervalMs);
    } while (!isStopped);
  })();
  return {
    async stop() {
      isStopped = true;
      await watching;
      return peak ?? readMemory();
    },
  };
}
