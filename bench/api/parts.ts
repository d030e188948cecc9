import { interleave } from "../../measure/interleave.ts";
import { LatencyHistogram } from "../../measure/latency.ts";
import type { Samples } from "./comparison.ts";
import { load, probe } from "./keep-alive-load.ts";
import type { ServerProcess } from "./server-process.ts";

/** How the servers take turns. */
export interface TurnSettings {
  /** Turns of each server, an even number. */
  rounds: number;
  /** Duration of each turn. */
  durationMs: number;
  /** Called before each round. */
  onRound?: (round: number) => void;
}

/** Enough to keep a server busy, and few enough that the sockets cost little. */
const connections = 32;
const warmupTurns = 3;
/**
 * Load before each measurement. V8 drops optimized code when the objects that it was made for are collected, which happens
 * during the turns of other servers but not under steady load (docs/decisions.md#forced-collection).
 */
const warmupMs = 3_000;
/** About 15 ms of one CPU. */
const heavyPath = "/heavy-task?n=30";

/** Loads the servers in turns and returns requests per CPU second of the server. */
export function throughput(
  servers: ReadonlyMap<string, ServerProcess>,
  paths: readonly string[],
  settings: TurnSettings,
): Promise<Samples> {
  return inTurns(servers, settings, async ({ port, cpuSeconds }) => {
    await load({ port, paths, connections, durationMs: warmupMs });
    const before = await cpuSeconds();
    const count = await load({ port, paths, connections, durationMs: settings.durationMs });
    return count / ((await cpuSeconds()) - before);
  });
}

/** Loads the servers in turns with constant heavy tasks and returns the 99th percentile of the light route in ms. */
export function lightBesideHeavy(
  servers: ReadonlyMap<string, ServerProcess>,
  settings: TurnSettings,
): Promise<Samples> {
  return inTurns(servers, settings, async ({ port }) => {
    const { durationMs } = settings;
    const latency = LatencyHistogram.empty();
    await Promise.all([
      load({ port, paths: [heavyPath], connections: 2, durationMs }),
      load({
        port,
        paths: ["/light"],
        connections: 4,
        durationMs,
        pauseMs: 5,
        onAnswer: (ms) => latency.record(ms),
      }),
    ]);
    return latency.at(99);
  });
}

/** @throws {Error} when the responses of the servers differ in body or length */
export async function expectSameAnswers(
  servers: ReadonlyMap<string, ServerProcess>,
  path: string,
): Promise<void> {
  const answers = await Promise.all(
    [...servers].map(async ([name, { port }]) => ({ name, ...(await probe(port, path)) })),
  );
  for (const answer of answers)
    if (answer.body !== answers[0]?.body || answer.answerBytes !== answers[0]?.answerBytes)
      throw new Error(
        `answers to ${path} differ:\n${answers.map(({ name, head, body }) => `${name}\n${head}${body}`).join("\n\n")}`,
      );
}

async function inTurns(
  servers: ReadonlyMap<string, ServerProcess>,
  settings: TurnSettings,
  turn: (server: ServerProcess) => Promise<number>,
): Promise<Samples> {
  for (let n = 0; n < warmupTurns; n++) for (const server of servers.values()) await turn(server);
  const samples: Samples = new Map([...servers.keys()].map((name) => [name, []]));
  let last = -1;
  for (const { round, variant } of interleave([...servers], settings.rounds)) {
    if (round !== last) settings.onRound?.(round);
    last = round;
    const [name, server] = variant;
    samples.get(name)?.push(await turn(server));
  }
  return samples;
}
