// The process that calibrate() starts. In one thread it serves itself over loopback and computes, then sends its counts.
import { Agent, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";

/** The counts of one part of the calibration. */
export interface CalibrationPart {
  requestsPerCpuSecond: number;
  roundsPerCpuSecond: number;
  cpuSeconds: number;
  wallSeconds: number;
}

const connections = 8;
/** Counts instead of times: otherwise a process that shares its CPU would start to measure before its code is compiled. */
const warmup = { requests: 5000, rounds: 1000 };
const parts = 10;
const perPart = { requests: 1000, rounds: 800 };
const stepsPerRound = 20_000;

const body = JSON.stringify({ id: 1, name: "Ada Lovelace", bio: "x".repeat(200) });
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const server = createServer((_, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(JSON.parse(body)));
});
server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address() as AddressInfo;
  await serve(port, warmup.requests);
  compute(warmup.rounds);
  const counted: CalibrationPart[] = [];
  for (let part = 0; part < parts; part++) counted.push(await count(port));
  process.send?.(counted, () => process.exit(0));
});

async function count(port: number): Promise<CalibrationPart> {
  const startedMs = performance.now();
  const before = cpuSeconds();
  await serve(port, perPart.requests);
  const between = cpuSeconds();
  compute(perPart.rounds);
  const after = cpuSeconds();
  return {
    requestsPerCpuSecond: perPart.requests / (between - before),
    roundsPerCpuSecond: perPart.rounds / (after - between),
    cpuSeconds: after - before,
    wallSeconds: (performance.now() - startedMs) / 1000,
  };
}

async function serve(port: number, requests: number): Promise<void> {
  let started = 0;
  const connection = async () => {
    while (started++ < requests) await request(port);
  };
  await Promise.all(Array.from({ length: connections }, connection));
}

function request(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, agent }, (response) => {
      response.resume().once("end", resolve).once("error", reject);
    }).once("error", reject);
  });
}

function compute(rounds: number): number {
  let mixed = 1;
  for (let step = 0; step < rounds * stepsPerRound; step++) {
    mixed = (Math.imul(mixed ^ (mixed >>> 13), 0x5bd1e995) + step) | 0;
  }
  return mixed;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
