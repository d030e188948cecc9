import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { columns } from "../loadtest/cli/summary.ts";
import { thisMachine } from "../measure/machine.ts";
import { median } from "../measure/median.ts";
import { type Backing, startBacking } from "./api/backing.ts";
import { bundleServers } from "./api/bundles.ts";
import type { Part, SpeedCommand } from "./api/command-line.ts";
import { type Comparison, compare, type Samples } from "./api/comparison.ts";
import { Contestants } from "./api/contestants.ts";
import { probe } from "./api/keep-alive-load.ts";
import { expectSameAnswers, lightBesideHeavy, type TurnPlan, throughput } from "./api/parts.ts";
import type { ServerProcess } from "./api/server-process.ts";
import { targets } from "./api/targets.ts";

/**
 * How fast is the API beside others? Each is loaded in turns with the same requests and answers with the same bytes;
 * what counts is requests per second of the server's own CPU time, and how long light requests take beside heavy ones.
 * Prints it all, and gives the exit code: 1 when a target is missed and that was to count.
 */
export async function compareApiSpeed(command: SpeedCommand): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "bench-api-"));
  let backing: Backing | undefined;
  let contestants: Contestants | undefined;
  const stop = async () => {
    await contestants?.stop();
    await backing?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  process.once("SIGINT", () => void stop().finally(() => process.exit(130)));
  const measured: Partial<Record<Part, Samples>> = {};
  const comparisons: Comparison[] = [];
  try {
    backing = await startBacking();
    contestants = new Contestants(await bundleServers(folder), backing, folder);
    for (const part of command.parts) {
      const samples = await runPart(part, contestants, {
        ...command,
        onRound: (round) => console.error(`  … ${part}: round ${round + 1} of ${command.rounds}`),
      });
      await contestants.stop();
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

async function runPart(part: Part, contestants: Contestants, plan: TurnPlan): Promise<Samples> {
  if (part === "heavy-mix") {
    return lightBesideHeavy(
      new Map([
        ["inline", await contestants.fastify()],
        ["api", await contestants.api()],
      ]),
      plan,
    );
  }
  const servers = new Map<string, ServerProcess>();
  servers.set("raw", await contestants.raw());
  if (part === "light") servers.set("fastify", await contestants.fastify());
  servers.set("api", await contestants.api());
  if (part === "light") {
    servers.set("express", await contestants.express());
    try {
      servers.set("pm2", await contestants.pm2());
    } catch (error) {
      console.error(`  – left out: pm2 (${(error as Error).message.split("\n", 1)[0]})`);
    }
  }
  // With ids of equal length, as their answers have to be.
  const users = Array.from({ length: 100 }, (_, index) => `/users/${index + 101}`);
  const paths = part === "light" ? ["/light"] : users;
  // The first read of a user fills the cache.
  for (const { port } of servers.values()) for (const path of paths) await probe(port, path);
  for (const path of paths) await expectSameAnswers(servers, path);
  if (part === "light") servers.set("express as it comes", await contestants.expressAsItComes());
  return throughput(servers, paths, plan);
}

function print(measured: Partial<Record<Part, Samples>>, comparisons: readonly Comparison[]): void {
  const figures = Object.entries(measured).flatMap(([part, samples]) =>
    [...samples].map(([arm, values]) => {
      const unit = part === "heavy-mix" ? "ms, p99 of /light" : "requests per CPU second";
      return [part, arm, median(values).toFixed(part === "heavy-mix" ? 2 : 0), unit];
    }),
  );
  const rows = comparisons.map((each) => [
    each.part,
    `${each.of} / ${each.by}`,
    each.ratio.toFixed(3),
    `${each.low.toFixed(3)} … ${each.high.toFixed(3)}`,
    each.atLeast !== undefined ? `≥ ${each.atLeast}` : each.atMost !== undefined ? `≤ ${each.atMost}` : "",
    each.verdict === "none" ? "" : each.verdict,
  ]);
  console.log(columns([["part", "server", "median", ""], ...figures], [2]));
  console.log(`\n${columns([["part", "ratio", "", "95 % interval", "target", ""], ...rows], [2, 3, 4])}`);
}

function reportOf(
  { rounds, durationMs }: TurnPlan,
  measured: Partial<Record<Part, Samples>>,
  comparisons: readonly Comparison[],
): string {
  const samples = Object.fromEntries(
    Object.entries(measured).map(([part, each]) => [part, Object.fromEntries(each)]),
  );
  return `${JSON.stringify({ schema: 1, machine: thisMachine(), rounds, durationMs, comparisons, samples }, null, 2)}\n`;
}
