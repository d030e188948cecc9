import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Baseline, Repeat } from "../loadtest/compare/baseline.ts";
import { compareRuns } from "../loadtest/compare/compare-runs.ts";
import { runLoad } from "../loadtest/load/load.ts";
import type { Scenario } from "../loadtest/load/scenarios.ts";
import { calibrate } from "../measure/calibration.ts";
import { interleave } from "../measure/interleave.ts";
import { thisMachine } from "../measure/machine.ts";
import { seededRandom } from "../measure/random.ts";

/*
 * How often does --compare see a difference that is not there, and how often one of 10 % that is? Two servers, one of which
 * works a tenth longer for each request, are loaded in turns; comparisons of eight repeats with eight others are then
 * drawn from these turns.
 *
 *   node --import tsx bench/comparison-power.ts [--turns 48] [--comparisons 20]
 *
 * Exit code 1 when a comparison of a server with itself calls its throughput different, or fewer than 19 of 20 find the slow one.
 */

const { values } = parseArgs({
  options: {
    turns: { type: "string", default: "48" },
    comparisons: { type: "string", default: "20" },
  },
});
const perComparison = 8;
const rounds = 400_000;
// Measured: what a request costs beside the rounds does not grow, so more rounds are needed for a tenth less served.
const slowdown = 1.12;
const plan = { connections: 8, durationSeconds: 2, warmupSeconds: 0, users: 1 };
const light: Scenario = { name: "light", about: "", mix: [{ kind: "light", weight: 1 }] };

const usual = await start(rounds);
const slow = await start(Math.round(rounds * slowdown));
const repeats = { usual: [] as Repeat[], slow: [] as Repeat[] };
await repeat(usual.endpoint);
for (const { variant } of interleave(["usual", "slow"] as const, Number(values.turns)))
  repeats[variant].push(await repeat({ usual, slow }[variant].endpoint));
for (const { child } of [usual, slow]) child.kill();

const random = seededRandom(1);
const comparisons = Number(values.comparisons);
const count = (
  before: Repeat[],
  after: Repeat[],
  metric: "throughput" | "p50",
  found: "different" | "worse",
) =>
  Array.from({ length: comparisons }, () => verdict(before, after, metric)).filter((each) =>
    found === "worse" ? each === "worse" : each !== "same",
  ).length;
let good = true;
for (const metric of ["throughput", "p50"] as const) {
  const wrong = count(repeats.usual, repeats.usual, metric, "different");
  const seen = count(repeats.usual, repeats.slow, metric, "worse");
  good &&= wrong === 0 && seen >= comparisons * 0.95;
  console.log(
    `${metric}: of ${comparisons} comparisons with itself ${wrong} were called different; of ${comparisons} with the slow one ${seen} worse`,
  );
}
const mean = (of: Repeat[]) => of.reduce((sum, each) => sum + each.throughput, 0) / of.length;
console.log(
  `the slow one serves ${((mean(repeats.slow) / mean(repeats.usual)) * 100).toFixed(1)} % of the usual`,
);
process.exitCode = good ? 0 : 1;

/** Two sets of turns that share none, drawn anew each time. */
function verdict(before: Repeat[], after: Repeat[], metric: string): string | undefined {
  const first = shuffled(before);
  const second = before === after ? first.slice(perComparison) : shuffled(after);
  const run = (drawn: Repeat[]): Baseline => ({
    ...{ schema: 1, stack: "bench", savedAt: "", apiImage: "", machine: thisMachine(), plan },
    scenarios: [{ scenario: "light", repeats: drawn.slice(0, perComparison) }],
  });
  const comparison = compareRuns(run(first), run(second));
  if (!comparison.compared) throw new Error(comparison.reasons.join("; "));
  return comparison.rows.find((row) => row.metric === metric)?.verdict;
}

function shuffled(all: readonly Repeat[]): Repeat[] {
  return all
    .map((each) => ({ each, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

async function repeat(endpoint: string): Promise<Repeat> {
  const { speed } = await calibrate();
  const load = await runLoad({ ...plan, endpoint, scenario: light, timeoutSeconds: 5, seed: 1 });
  const { p50Ms, p95Ms, p99Ms } = load.latency;
  return { calibration: speed, throughput: load.requestsPerSecond, p50Ms, p95Ms, p99Ms };
}

async function start(cost: number): Promise<{ child: ChildProcess; endpoint: string }> {
  const child = fork(join(import.meta.dirname, "busy-server.ts"), [String(cost)], {
    execArgv: ["--import", "tsx"],
  });
  const [port] = (await once(child, "message")) as [number];
  return { child, endpoint: `http://127.0.0.1:${port}` };
}
