import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes } from "../contract/user-error.ts";
import type { ClusterApi } from "../host/cluster-api.ts";
import { onInterrupt } from "../host/interrupts.ts";
import { pollUntil } from "../host/poll.ts";
import { step } from "../host/steps.ts";
import { columns } from "../host/table.ts";
import { fake, removeFakeNodes, startFakeNodes } from "../local/cluster/fake-nodes.ts";
import { connectKubeApi, findObject } from "../local/cluster/kube-api.ts";
import { logFile } from "../local/cluster/process-supervisor.ts";
import { thisMachine } from "../measure/machine.ts";
import type { NodesCommand } from "./nodes/command-line.ts";
import { deploymentPath, fakeNode, fakeWorkload } from "./nodes/fake-objects.ts";
import { type Memory, measured, readMemory, watchPeak } from "./nodes/memory.ts";

const nodesPath = "/api/v1/nodes";
const readyTimeoutMs = 600_000;
const requestMs = 30_000;
/** Time until the last reading. Go returns freed memory to the kernel only after minutes. */
const settleMs = 5_000;

interface Results {
  nodesReadySeconds: number;
  podsReadySeconds: number;
  goneSeconds: number;
  before: Memory;
  peak: Memory;
  after: Memory;
}

/**
 * Measures what fake nodes and pods cost the running embedded cluster, and prints it. Everything is removed at the end, also
 * after an error or an interrupt.
 *
 * @returns the exit code
 * @throws {UserError} when something is not ready or not gone in time
 */
export async function measureFakeNodes(command: NodesCommand): Promise<number> {
  const api = await connectKubeApi();
  const interrupt = new AbortController();
  const release = onInterrupt(() => interrupt.abort(new Error("interrupted")));
  try {
    const results = await measure(api, command, interrupt.signal);
    print(command, results);
    if (command.json !== undefined) await writeFile(command.json, reportOf(command, results));
    return 0;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    console.error("✗ interrupted\n  the fake nodes and pods were removed");
    return exitCodes.interrupted;
  } finally {
    release();
    api.close();
  }
}

async function measure(api: ClusterApi, command: NodesCommand, signal: AbortSignal): Promise<Results> {
  const before = await readMemory();
  await startFakeNodes(api);
  const watch = watchPeak();
  let timed: Pick<Results, "nodesReadySeconds" | "podsReadySeconds">;
  let goneSeconds = 0;
  try {
    timed = {
      nodesReadySeconds: await createNodes(api, command.nodes, signal),
      podsReadySeconds: await createPods(api, command.pods, signal),
    };
  } finally {
    goneSeconds = await inSeconds(() => step("Remove all", () => removeFakeNodes(api)));
    await watch.stop();
  }
  await sleep(settleMs);
  return { ...timed, goneSeconds, before, peak: await watch.stop(), after: await readMemory() };
}

async function inSeconds(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

async function createNodes(api: ClusterApi, count: number, signal: AbortSignal): Promise<number> {
  return inSeconds(() =>
    step(`${count} fake nodes`, async (report) => {
      for (let index = 1; index <= count; index++) {
        signal.throwIfAborted();
        await api.create(nodesPath, fakeNode(index), requestMs);
      }
      await untilReady(`${count} fake nodes to be ready`, count, signal, async () => {
        const ready = await readyNodes(api);
        report(`${ready} ready`);
        return ready;
      });
    }),
  );
}

async function createPods(api: ClusterApi, count: number, signal: AbortSignal): Promise<number> {
  return inSeconds(() =>
    step(`${count} fake pods`, async (report) => {
      for (const [path, object] of fakeWorkload(count)) await api.apply(path, object, requestMs);
      await untilReady(`${count} fake pods to be ready`, count, signal, async () => {
        const found = await findObject<{ status: { readyReplicas?: number } }>(api, deploymentPath);
        const ready = found?.status.readyReplicas ?? 0;
        report(`${ready} ready`);
        return ready;
      });
    }),
  );
}

async function untilReady(
  what: string,
  count: number,
  signal: AbortSignal,
  ready: () => Promise<number>,
): Promise<void> {
  const fix = `read ${logFile("kwok")}, and npm run logs -- kube-controller-manager kube-scheduler`;
  await pollUntil(
    { what, fix, signal, intervalMs: 250, timeoutMs: readyTimeoutMs },
    async () => (await ready()) >= count,
  );
}

interface NodeList {
  items: { status: { conditions?: { type: string; status: string }[] } }[];
}

async function readyNodes(api: ClusterApi): Promise<number> {
  const selector = encodeURIComponent(fake.label);
  const { items } = await api.getJson<NodeList>(`${nodesPath}?labelSelector=${selector}`, requestMs);
  return items.filter(({ status }) =>
    status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
  ).length;
}

function print({ nodes, pods }: NodesCommand, results: Results): void {
  const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);
  const { before, peak, after } = results;
  const memory = measured.map((name) => [name, mib(before[name]), mib(peak[name]), mib(after[name])]);
  const times = [
    [`${nodes} nodes ready`, results.nodesReadySeconds],
    [`${pods} pods ready`, results.podsReadySeconds],
    ["all gone", results.goneSeconds],
  ] as const;
  console.log(columns([["", "s"], ...times.map(([what, seconds]) => [what, seconds.toFixed(1)])], [1]));
  console.log(`\n${columns([["memory, MiB PSS", "before", "peak", "after"], ...memory], [1, 2, 3])}`);
}

function reportOf({ nodes, pods }: NodesCommand, results: Results): string {
  return `${JSON.stringify({ schema: 1, machine: thisMachine(), nodes, pods, ...results }, null, 2)}\n`;
}
