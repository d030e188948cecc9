import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../host/run-command.ts";
import { columns } from "../host/table.ts";
import { runLoad } from "../loadtest/load/load.ts";
import type { Scenario } from "../loadtest/load/scenarios.ts";
import type { Served } from "./delay-server.ts";
import { readOptions } from "./options.ts";

/*
 * Measures the accuracy of the load test at a fixed rate. A server with known delays and stalls records when it received
 * and answered each request. From these times follows the exact value of every percentile, counted from the due times.
 *
 * Exit code 1 when a percentile is off by more than 2 % and more than 0.2 ms, or by more than 10 % from the other tool.
 */

const percentiles = [50, 90, 99, 99.9] as const;
const options = readOptions({
  command: "node bench/generator-accuracy.ts",
  about: "Measures the accuracy of the load test's latencies at a fixed rate.",
  options: {
    rate: { type: "string", value: "N", default: "500", about: "requests per second" },
    seconds: { type: "string", value: "S", default: "20", about: "seconds of the load" },
    against: { type: "string", value: "TOOL", about: "compare with another tool as well: vegeta" },
  },
});
const rate = Number(options.rate);
const durationSeconds = Number(options.seconds);
const warmupSeconds = 2;
const connections = 200;
const light: Scenario = { name: "light", about: "", mix: [{ kind: "light", weight: 1 }] };

const server = fork(join(import.meta.dirname, "delay-server.ts"));
const [port] = (await once(server, "message")) as [number];
const endpoint = `http://127.0.0.1:${port}`;

const measured = await runLoad({
  endpoint,
  scenario: light,
  connections,
  rate,
  warmupSeconds,
  durationSeconds,
  timeoutSeconds: 5,
  users: 1,
  seed: 1,
});
server.send("served");
const [served] = (await once(server, "message")) as [Served[]];
const exactMs = exactLatencies(served);
const rows: [string, number, number, number, boolean][] = [];
for (const percentile of percentiles) {
  const value = measuredAt(percentile);
  const exact = quantile(exactMs, percentile / 100);
  const off = Math.abs(value - exact);
  rows.push([`p${percentile}`, exact, value, (value / exact - 1) * 100, off <= 0.2 || off <= exact * 0.02]);
}
console.log(`${measured.sent} requests at ${rate}/s, late p99 ${measured.generator.lateP99Ms} ms`);
print(["", "exact", "measured", "off %", ""], rows);
let good = rows.every((row) => row[4]);

if (options.against === "vegeta") {
  const other = await vegeta();
  const against = percentiles.flatMap((percentile): typeof rows => {
    const theirs = other[percentile];
    const ours = rows.find(([name]) => name === `p${percentile}`)?.[2];
    if (theirs === undefined || ours === undefined) return [];
    return [[`p${percentile}`, theirs, ours, (ours / theirs - 1) * 100, Math.abs(ours / theirs - 1) <= 0.1]];
  });
  print(["", "vegeta", "measured", "off %", ""], against);
  good &&= against.every((row) => row[4]);
}
server.kill();
process.exitCode = good ? 0 : 1;

/** Latencies from the due time to the response, in ascending order. Requests arrive in the order of their due times. */
function exactLatencies(all: readonly Served[]): number[] {
  const intervalMs = 1000 / rate;
  const startMs = measured.startedAt - warmupSeconds * 1000;
  const latencies = all.map(({ answeredMs }, index) => answeredMs - (startMs + index * intervalMs));
  return latencies
    .slice(warmupSeconds * rate, (warmupSeconds + durationSeconds) * rate)
    .sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

function measuredAt(percentile: (typeof percentiles)[number]): number {
  const { p50Ms, p90Ms, p99Ms, p999Ms } = measured.latency;
  return { 50: p50Ms, 90: p90Ms, 99: p99Ms, 99.9: p999Ms }[percentile];
}

async function vegeta(): Promise<Partial<Record<number, number>>> {
  const bin = await mkdtemp(join(tmpdir(), "vegeta-"));
  try {
    const env = { ...process.env, GOBIN: bin };
    await runCommand("go", ["install", "github.com/tsenart/vegeta/v12@v12.13.0"], { env });
    const script = `echo "GET ${endpoint}/api/light" | ${bin}/vegeta attack -rate ${rate} -duration ${durationSeconds}s -connections ${connections} -max-connections ${connections} | ${bin}/vegeta report -type json`;
    const stdout = await runCommand("sh", ["-c", script]);
    const { latencies } = JSON.parse(stdout) as { latencies: Record<string, number> };
    const ms = (key: string) => (latencies[key] ?? Number.NaN) / 1e6;
    return { 50: ms("50th"), 90: ms("90th"), 99: ms("99th") };
  } finally {
    await rm(bin, { recursive: true, force: true });
  }
}

function print(head: string[], table: [string, number, number, number, boolean][]): void {
  const cells = (numbers: number[], ok: boolean) => [...numbers.map((n) => n.toFixed(2)), ok ? "ok" : "OFF"];
  const rows = table.map(([name, a, b, off, ok]) => [name, ...cells([a, b, off], ok)]);
  console.log(columns([head, ...rows], [1, 2, 3]));
}
