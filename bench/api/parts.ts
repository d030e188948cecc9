import { interleave } from "../../measure/interleave.ts";
import { LatencyHistogram } from "../../measure/latency.ts";
import type { Samples } from "./comparison.ts";
import { load, probe } from "./keep-alive-load.ts";
import type { ServerProcess } from "./server-process.ts";

export interface TurnPlan {
  rounds: number;
  /** Of each turn. */
  durationMs: number;
  /** Told before each round. */
  onRound?: (round: number) => void;
}

/** Enough for a server to be busy all the time, few enough that their sockets do not matter. */
const connections = 32;
const warmupTurns = 3;
/**
 * At the beginning of each turn, not measured: V8 drops optimized code when what it was made for is collected, which happens
 * while the others have their turns and not under steady load.
 */
const warmupMs = 3_000;
/** Some 15 ms of one core. */
const heavyPath = "/heavy-task?n=30";

/** Loads the servers in turns; gives requests per CPU second of the server. */
export function throughput(
  servers: ReadonlyMap<string, ServerProcess>,
  paths: readonly string[],
  plan: TurnPlan,
): Promise<Samples> {
  return inTurns(servers, plan, async ({ port, cpuSeconds }) => {
    await load({ port, paths, connections, durationMs: warmupMs });
    const before = await cpuSeconds();
    const count = await load({ port, paths, connections, durationMs: plan.durationMs });
    return count / ((await cpuSeconds()) - before);
  });
}

/** Loads the servers in turns with heavy tasks all the time; gives the light route's 99th percentile in ms. */
export function lightBesideHeavy(
  servers: ReadonlyMap<string, ServerProcess>,
  plan: TurnPlan,
): Promise<Samples> {
  return inTurns(servers, plan, async ({ port }) => {
    const { durationMs } = plan;
    const latency = LatencyHistogram.empty();
    await Promise.all([
      load({ port, paths: [heavyPath], connections: 2, durationMs }),
      load({
        ...{ port, paths: ["/light"], connections: 4, durationMs, pauseMs: 5 },
        onAnswer: (ms) => latency.record(ms),
      }),
    ]);
    return latency.at(99);
  });
}

/** @throws Error when the servers answer with other bodies, or with more or fewer bytes. */
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
  plan: TurnPlan,
  turn: (server: ServerProcess) => Promise<number>,
): Promise<Samples> {
  for (let n = 0; n < warmupTurns; n++) for (const server of servers.values()) await turn(server);
  const samples: Samples = new Map([...servers.keys()].map((name) => [name, []]));
  let last = -1;
  for (const { round, variant } of interleave([...servers], plan.rounds)) {
    if (round !== last) plan.onRound?.(round);
    last = round;
    const [name, server] = variant;
    samples.get(name)?.push(await turn(server));
  }
  return samples;
}
