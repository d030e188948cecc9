import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Baseline, Repeat } from "../loadtest/compare/baseline.ts";
import { compareRuns } from "../loadtest/compare/compare-runs.ts";
import { runLoad } from "../loadtest/load/load.ts";
import type { Scenario } from "../loadtest/load/scenarios.ts";
import { calibrate } from "../measure/calibration.ts";
import { interleave } from "../measure/interleave.ts";
import { thisMachine } from "../measure/machine.ts";
import { seededRandom } from "../measure/random.ts";
import { readOptions } from "./options.ts";

/*
 * Measures how often --compare reports a false difference, and how often it finds a true one of 10 %. Two servers are
 * loaded in turns; one of them works about a tenth longer for each request. Comparisons of eight repeats with eight other
 * repeats are then drawn from these turns.
 *
 * Exit code 1 when a comparison of a server with itself finds a difference, or when fewer than 19 of 20 find the slow server.
 */

const options = readOptions({
  command: "node bench/comparison-power.ts",
  about:
    "Measures how often --compare reports a false difference, and how often it finds a true one of 10 %.",
  options: {
    turns: { type: "string", value: "N", default: "48", about: "turns of each server, an even number" },
    comparisons: {
      type: "string",
      value: "N",
      default: "20",
      about: "comparisons that are drawn from the turns",
    },
  },
});
const perComparison = 8;
const rounds = 400_000;
// Measured: a request has a fixed cost besides the rounds, so a tenth less throughput needs 12 % more rounds.
const slowdown = 1.12;
const settings = { connections: 8, durationSeconds: 2, warmupSeconds: 0, users: 1 };
const light: Scenario = { name: "light", about: "", mix: [{ kind: "light", weight: 1 }] };

const usual = await start(rounds);
const slow = await start(Math.round(rounds * slowdown));
const repeats = { usual: [] as Repeat[], slow: [] as Repeat[] };
await repeat(usual.endpoint);
for (const { variant } of interleave(["usual", "slow"] as const, Number(options.turns)))
  repeats[variant].push(await repeat({ usual, slow }[variant].endpoint));
for (const { child } of [usual, slow]) child.kill();

const random = seededRandom(1);
const comparisons = Number(options.comparisons);
const count = (
  before: Repeat[],
  after: Repeat[],
  metric: "throughput" | "p50",
  found: "different" | "worse",
) =>
  Array.from({ length: comparisons }, () => drawVerdict(before, after, metric)).filter((verdict) =>
    found === "worse" ? verdict === "worse" : verdict !== "same",
  ).length;
let good = true;
for (const metric of ["throughput", "p50"] as const) {
  const wrong = count(repeats.usual, repeats.usual, metric, "different");
  const seen = count(repeats.usual, repeats.slow, metric, "worse");
  good &&= wrong === 0 && seen >= comparisons * 0.95;
  console.log(
    `${metric}: ${wrong} of ${comparisons} comparisons with itself found a difference; ${seen} of ${comparisons} with the slow server found it worse`,
  );
}
const mean = (all: Repeat[]) => all.reduce((sum, { throughput }) => sum + throughput, 0) / all.length;
console.log(
  `the slow server has ${((mean(repeats.slow) / mean(repeats.usual)) * 100).toFixed(1)} % of the usual throughput`,
);
process.exitCode = good ? 0 : 1;

/** The verdict of a comparison of two disjoint random sets of turns. */
function drawVerdict(before: Repeat[], after: Repeat[], metric: string): string | undefined {
  const first = shuffled(before);
  const second = before === after ? first.slice(perComparison) : shuffled(after);
  const run = (drawn: Repeat[]): Baseline => ({
    schema: 2,
    stack: "bench",
    savedAt: "",
    apiImage: "",
    machine: thisMachine(),
    plan: { ...settings, endpoint: "", threads: 1, keepAlive: true, pools: [] },
    scenarios: [{ scenario: "light", repeats: drawn.slice(0, perComparison) }],
  });
  const comparison = compareRuns(run(first), run(second));
  if (!comparison.compared) throw new Error(comparison.reasons.join("; "));
  return comparison.rows.find((row) => row.metric === metric)?.verdict;
}

function shuffled(all: readonly Repeat[]): Repeat[] {
  return all
    .map((repeat) => ({ repeat, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ repeat }) => repeat);
}

async function repeat(endpoint: string): Promise<Repeat> {
  const { speed } = await calibrate();
  const load = await runLoad({ ...settings, endpoint, scenario: light, timeoutSeconds: 5, seed: 1 });
  const { p50Ms, p95Ms, p99Ms } = load.latency;
  return { calibration: speed, throughput: load.requestsPerSecond, p50Ms, p95Ms, p99Ms };
}

async function start(cost: number): Promise<{ child: ChildProcess; endpoint: string }> {
  const child = fork(join(import.meta.dirname, "busy-server.ts"), [String(cost)]);
  const [port] = (await once(child, "message")) as [number];
  return { child, endpoint: `http://127.0.0.1:${port}` };
}
