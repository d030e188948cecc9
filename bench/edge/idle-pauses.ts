import { step } from "../../host/steps.ts";
import { type Random, seededRandom } from "../../measure/random.ts";
import { type Finding, noneFailed } from "./finding.ts";
import { type EdgeRequest, openPool, sendOne } from "./load.ts";
import { gatewayOf, mortalPods, statesOf } from "./mortal-pods.ts";
import { Outcomes } from "./outcomes.ts";
import { OwnNamespace } from "./own-namespace.ts";
import { type Proof, pause, stackLoad } from "./proof.ts";
import { smallPost } from "./request-mix.ts";

const part = "retries";
const controlConnections = 64;
const echoPost = { method: "POST", path: "/api/echo" } as const;
/** Pauses around the time limit of Node.js' own servers, and around that of the gateway, in seconds. */
const short = { low: 4, high: 6, eachRound: 5 };
const long = { low: 54, high: 56, eachRound: 1 };
/** The control has pods that end idle connections first, after this time; its pauses are close to that time. */
const control = { name: "short-idle", keepAliveMs: 5000, low: 4.99, high: 5.01 };

/** Sends POSTs to the API after pauses in which connections to pods are idle, and the same to pods that end them first. */
export async function proveIdlePauses(proof: Proof): Promise<Finding[]> {
  const { rounds, idle } = proof.command;
  const random = seededRandom(1);
  const ours = openPool({ ...stackLoad(proof), connections: idle });
  try {
    const findings: Finding[] = [];
    const shortRun = await step(`POST after pauses of ${short.low} to ${short.high} s`, () =>
      bursts(ours, idle, smallPost, pausesOf(short, short.eachRound * rounds, random), proof.signal),
    );
    findings.push(finding(shortRun, short));
    const pauses = pausesOf(long, long.eachRound * rounds, random);
    const both = await step(`POST after pauses of ${long.low} to ${long.high} s, and the control`, () =>
      Promise.all([bursts(ours, idle, smallPost, pauses, proof.signal), runControl(proof, random)]),
    );
    return [...findings, finding(both[0], long), both[1]];
  } finally {
    await ours.destroy();
  }
}

function finding(outcomes: Outcomes, { low, high }: typeof short): Finding {
  const { sent, failed, reasons } = outcomes;
  return noneFailed(part, `POST after pauses of ${low} to ${high} s`, { sent, failed, reasons });
}

function pausesOf({ low, high }: { low: number; high: number }, count: number, random: Random): number[] {
  return Array.from({ length: count }, () => 1000 * (low + (high - low) * random()));
}

/**
 * Sends as many requests at the same time as there are connections, so that all of them are idle afterwards. The first requests
 * make the connections, and do not count.
 */
async function bursts(
  pool: ReturnType<typeof openPool>,
  connections: number,
  request: EdgeRequest,
  pausesMs: readonly number[],
  signal: AbortSignal,
): Promise<Outcomes> {
  const outcomes = new Outcomes();
  const send = (into: Outcomes) =>
    Promise.all(Array.from({ length: connections }, () => sendOne(pool, request, into)));
  await send(new Outcomes());
  for (const ms of pausesMs) {
    await pause(ms, signal);
    await send(outcomes);
  }
  return outcomes;
}

async function runControl({ api, command, signal }: Proof, random: Random): Promise<Finding> {
  return OwnNamespace.use(api, async (space) => {
    const pods = { name: control.name, replicas: 2 };
    await space.deploy(mortalPods(pods, { KEEP_ALIVE_MS: String(control.keepAliveMs) }));
    const gateway = gatewayOf(space, "gateway", [{ ...pods, weight: 1 }]);
    await space.deploy(gateway);
    const pool = openPool({ origin: await space.origin(gateway), connections: controlConnections });
    try {
      const pauses = pausesOf(control, 10 * command.rounds, random);
      const { sent, failed } = await bursts(pool, controlConnections, echoPost, pauses, signal);
      const states = await statesOf(space, pods.name);
      const ended = states.reduce((sum, { endedByPod }) => sum + endedByPod, 0);
      return {
        part,
        check: `the same with pods that end idle connections after ${control.keepAliveMs / 1000} s`,
        measured: `${failed} of ${sent} failed, ${ended} connections ended by pods`,
        target: "some failed, or the pauses show no race",
        isMet: failed > 0,
      };
    } finally {
      await pool.destroy();
    }
  });
}
