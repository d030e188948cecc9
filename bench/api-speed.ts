import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { columns } from "../host/table.ts";
import { thisMachine } from "../measure/machine.ts";
import { median } from "../measure/median.ts";
import { type Backing, startBacking } from "./api/backing.ts";
import { bundleServers } from "./api/bundles.ts";
import type { Part, SpeedCommand } from "./api/command-line.ts";
import { ComparedServers } from "./api/compared-servers.ts";
import { type Comparison, compare, type Samples } from "./api/comparison.ts";
import { probe } from "./api/keep-alive-load.ts";
import { expectSameAnswers, lightBesideHeavy, type TurnSettings, throughput } from "./api/parts.ts";
import type { ServerProcess } from "./api/server-process.ts";
import { targets } from "./api/targets.ts";

/**
 * Compares the speed of the API with other servers. The servers are loaded in turns with the same requests and respond
 * with the same bytes. Two things are measured: requests per second of the server's own CPU time, and the latency of
 * light requests beside heavy ones. Prints all results.
 *
 * @returns the exit code: 1 when `command.gate` is set and a target is missed, else 0
 */
export async function compareApiSpeed(command: SpeedCommand): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "bench-api-"));
  let backing: Backing | undefined;
  let servers: ComparedServers | undefined;
  const stop = async () => {
    await servers?.stop();
    await backing?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  process.once("SIGINT", () => void stop().finally(() => process.exit(130)));
  const measured: Partial<Record<Part, Samples>> = {};
  const comparisons: Comparison[] = [];
  try {
    backing = await startBacking();
    servers = new ComparedServers(await bundleServers(folder), backing, folder);
    for (const part of command.parts) {
      const samples = await runPart(part, servers, {
        ...command,
        onRound: (round) => console.error(`  … ${part}: round ${round + 1} of ${command.rounds}`),
      });
      await servers.stop();
      measured[part] = samples;
      for (const target of targets[part])
        if (samples.has(target.of) && samples.has(target.by)) comparisons.push(compare(target, samples));
    }
  } finally {
    await stop();
  }
  print(measured, comparisons);
  if (command.json !== undefined) await writeFile(command.json, reportOf(command, measured, comparisons));
  return command.gate && comparisons.some(({ verdict }) => verdict === "missed") ? 1 : 0;
}

async function runPart(part: Part, start: ComparedServers, settings: TurnSettings): Promise<Samples> {
  if (part === "heavy-mix") {
    return lightBesideHeavy(
      new Map([
        ["inline", await start.fastify()],
        ["api", await start.api()],
      ]),
      settings,
    );
  }
  const servers = new Map<string, ServerProcess>();
  servers.set("raw", await start.raw());
  if (part === "light") servers.set("fastify", await start.fastify());
  servers.set("api", await start.api());
  if (part === "light") {
    servers.set("express", await start.express());
    try {
      servers.set("pm2", await start.pm2());
    } catch (error) {
      console.error(`  – left out: pm2 (${(error as Error).message.split("\n", 1)[0]})`);
    }
  }
  // Ids of equal length, because the responses must have equal length.
  const users = Array.from({ length: 100 }, (_, index) => `/users/${index + 101}`);
  const paths = part === "light" ? ["/light"] : users;
  // The first read of a user fills the cache.
  for (const { port } of servers.values()) for (const path of paths) await probe(port, path);
  for (const path of paths) await expectSameAnswers(servers, path);
  if (part === "light") servers.set("express as it comes", await start.expressAsItComes());
  return throughput(servers, paths, settings);
}

function print(measured: Partial<Record<Part, Samples>>, comparisons: readonly Comparison[]): void {
  const medians = Object.entries(measured).flatMap(([part, samples]) =>
    [...samples].map(([arm, values]) => {
      const unit = part === "heavy-mix" ? "ms, p99 of /light" : "requests per CPU second";
      return [part, arm, median(values).toFixed(part === "heavy-mix" ? 2 : 0), unit];
    }),
  );
  const rows = comparisons.map(({ part, of, by, ratio, low, high, atLeast, atMost, verdict }) => [
    part,
    `${of} / ${by}`,
    ratio.toFixed(3),
    `${low.toFixed(3)} … ${high.toFixed(3)}`,
    atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : "",
    verdict === "none" ? "" : verdict,
  ]);
  console.log(columns([["part", "server", "median", ""], ...medians], [2]));
  console.log(`\n${columns([["part", "ratio", "", "95 % interval", "target", ""], ...rows], [2, 3, 4])}`);
}

function reportOf(
  { rounds, durationMs }: TurnSettings,
  measured: Partial<Record<Part, Samples>>,
  comparisons: readonly Comparison[],
): string {
  const samples = Object.fromEntries(
    Object.entries(measured).map(([part, byServer]) => [part, Object.fromEntries(byServer)]),
  );
  return `${JSON.stringify({ schema: 1, machine: thisMachine(), rounds, durationMs, comparisons, samples }, null, 2)}\n`;
}
