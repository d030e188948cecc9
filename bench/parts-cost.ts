import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisServer } from "../app/testing/redis-server.ts";
import { columns } from "../host/table.ts";
import { thisMachine } from "../measure/machine.ts";
import { median } from "../measure/median.ts";
import { throughput } from "./api/parts.ts";
import { type ServerProcess, startServer } from "./api/server-process.ts";
import type { PartsCommand } from "./runtime-parts/command-line.ts";
import { costOf, type PartCost } from "./runtime-parts/costs.ts";

/** Time without requests, in which timers of the parts are measured. */
const idleMs = 20_000;
const serverFile = join(import.meta.dirname, "runtime-parts/server.ts");

/**
 * Measures what each part of the runtime costs a request of a plain HTTP server, and what it costs without requests. Servers with
 * one part each and one with none are loaded in turns. Prints all results.
 */
export async function measurePartCosts(command: PartsCommand): Promise<void> {
  const redis = await RedisServer.start();
  const servers = new Map<string, ServerProcess>();
  const stop = async () => {
    await Promise.all([...servers.values()].map((server) => server.stop()));
    await redis.stop();
  };
  process.once("SIGINT", () => void stop().finally(() => process.exit(130)));
  try {
    for (const part of ["none", ...command.parts])
      servers.set(part, await startServer([serverFile], { PART: part, REDIS_PORT: String(redis.port) }));
    const samples = await throughput(servers, ["/light"], {
      ...command,
      onRound: (round) => console.error(`  … round ${round + 1} of ${command.rounds}`),
    });
    const idle = await idleCpu(servers);
    const costs = command.parts.map((part) => costOf(part, samples));
    const none = median((samples.get("none") ?? []).map((perCpuSecond) => 1e6 / perCpuSecond));
    console.log(table(none, costs, idle));
    if (command.json !== undefined) {
      const { rounds, durationMs } = command;
      const report = { schema: 1, machine: thisMachine(), rounds, durationMs, costs, idle: [...idle] };
      await writeFile(
        command.json,
        `${JSON.stringify({ ...report, samples: Object.fromEntries(samples) }, null, 2)}\n`,
      );
    }
  } finally {
    await stop();
  }
}

/** CPU milliseconds of each server in a second without requests. */
async function idleCpu(servers: ReadonlyMap<string, ServerProcess>): Promise<Map<string, number>> {
  const read = () => Promise.all([...servers.values()].map(({ cpuSeconds }) => cpuSeconds()));
  const before = await read();
  await sleep(idleMs);
  const after = await read();
  return new Map(
    [...servers.keys()].map((name, index) => [
      name,
      (((after[index] ?? 0) - (before[index] ?? 0)) * 1e6) / idleMs,
    ]),
  );
}

function table(none: number, costs: readonly PartCost[], idle: ReadonlyMap<string, number>): string {
  const idleOf = (name: string) => (idle.get(name) ?? 0).toFixed(1);
  const rows = costs.map(({ part, ratio, low, high, withPartMicros, addedMicros }) => [
    part,
    withPartMicros.toFixed(1),
    addedMicros.toFixed(1),
    ratio.toFixed(3),
    `${low.toFixed(3)} … ${high.toFixed(3)}`,
    idleOf(part),
  ]);
  const head = ["part", "CPU µs a request", "added", "ratio", "95 % interval", "idle CPU ms a second"];
  return columns([head, ["none", none.toFixed(1), "", "", "", idleOf("none")], ...rows], [1, 2, 3, 4, 5]);
}
