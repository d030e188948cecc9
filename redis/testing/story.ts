import fc from "fast-check";
import type { ServerVersion } from "../server-version.ts";
import { assertSafe } from "./safety.ts";
import { SimulatedClients } from "./simulated-clients.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";
import type { Fate } from "./simulated-commands.ts";
import { assertSettled, converge, type Parts, step, type Wanted } from "./simulated-run.ts";

/** One part of a story: a wish, steps towards it that faults interrupt, and what happens to nodes then. */
export interface Chapter {
  /** What the nodes run from now on. */
  server: ServerVersion;
  wanted: Wanted;
  steps: number;
  /** Faults, each after a number of commands that succeed. */
  faults: [number, Fate][];
  /** After how many steps all nodes hear everything. */
  lag: number;
  /** Pairs of nodes of which one hears the other between steps; all others lag. */
  heard: [number, number][];
  incidents: [Incident, number][];
}

/** Servers that move slots the classic way, and in one step. */
export const servers: Record<"classic" | "valkey" | "redis", ServerVersion> = {
  classic: { name: "valkey", version: [9, 0, 4] },
  valkey: { name: "valkey", version: [9, 1, 2] },
  redis: { name: "redis", version: [8, 4, 1] },
};

/** What happens to nodes. */
export type Incident = "restart" | "restart all" | "fail over" | "lose data" | "lose all";

/** Writes at the beginning, and after each step. */
const keyCount = 60;

/**
 * Stories of a cluster.
 *
 * @param incidents what may happen to nodes
 * @param programs what the nodes may run
 */
export function stories(
  incidents: readonly Incident[],
  programs: readonly ServerVersion[] = Object.values(servers),
): fc.Arbitrary<Chapter[]> {
  const fault = fc.tuple(fc.nat(150), fc.constantFrom<Fate>("refused", "reply lost", "killed"));
  return fc.array(
    fc.record({
      server: fc.constantFrom(...programs),
      wanted: fc.record({
        // A single node cannot lose much, so few stories are about it.
        shards: fc.oneof(
          { arbitrary: fc.integer({ min: 2, max: 5 }), weight: 9 },
          { arbitrary: fc.constant(1), weight: 1 },
        ),
        replicasPerShard: fc.integer({ min: 0, max: 2 }),
      }),
      steps: fc.integer({ min: 0, max: 8 }),
      faults: fc.array(fault, { maxLength: 5 }),
      lag: fc.integer({ min: 1, max: 5 }),
      heard: fc.array(fc.tuple(fc.nat(14), fc.nat(14)), { maxLength: 40 }),
      incidents:
        incidents.length === 0
          ? fc.constant<[Incident, number][]>([])
          : fc.array(fc.tuple(fc.constantFrom(...incidents), fc.nat(14)), { maxLength: 1 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
}

/**
 * Plays a story on a simulated cluster, with clients that write, and lets the cluster settle at its end.
 *
 * @param isStrict whether clients must find every key after each command, too
 * @throws {AssertionError} when a key is lost, a command is not safe, or the cluster does not get its form.
 */
export async function play(story: readonly Chapter[], parts: Parts, isStrict: boolean): Promise<void> {
  const first = story[0]?.wanted ?? { shards: 3, replicasPerShard: 1 };
  const world = new SimulatedCluster(sizeOf(first));
  await converge(world, parts, first);
  world.beforeCommand = (node, command) => assertSafe(world, node, command);
  const clients = new SimulatedClients(world);
  for (let key = 0; key < keyCount; key++) clients.write(`${key}:first`);
  if (isStrict) world.afterCommand = () => clients.assertReadable();
  let isDamaged = false;
  for (const [number, { server, wanted, steps, faults, lag, heard, incidents }] of story.entries()) {
    world.grow(sizeOf(wanted));
    world.server = server;
    const fateOf = fatesOf(faults);
    for (let index = 0; index < steps; index++) {
      await step(world, parts, wanted, { fateOf });
      for (const [a, b] of heard) world.hear(nodeAt(world, a), nodeAt(world, b));
      if (index % lag === lag - 1) world.settle();
      clients.write(`${7 * index + number}:later`);
      clients.write(`${5 * index}:first`);
    }
    for (const [incident, pick] of incidents) {
      // Redis itself loses keys when a second node is lost before the others have heard what the first one did.
      if (isDamaged) await converge(world, parts, wanted);
      isDamaged = !incident.startsWith("restart");
      clients.whileLosing(() => happen(world, incident, nodeAt(world, pick)));
    }
  }
  const last = story.at(-1)?.wanted ?? first;
  await converge(world, parts, last);
  assertSettled(world, last);
  clients.assertServed();
}

function fatesOf(faults: readonly [number, Fate][]): () => Fate {
  const fates = faults.flatMap(([after, fate]): Fate[] => [...Array<Fate>(after).fill("good"), fate]);
  return () => fates.shift() ?? "good";
}

const sizeOf = ({ shards, replicasPerShard }: Wanted): number => shards * (1 + replicasPerShard);

const nodeAt = (world: SimulatedCluster, pick: number) => world.at(pick % world.nodes.length);

function happen(world: SimulatedCluster, incident: Incident, node: ReturnType<SimulatedCluster["at"]>): void {
  switch (incident) {
    case "restart":
      world.start(node);
      return;
    case "restart all":
      for (const each of world.nodes) world.kill(each);
      for (const each of world.nodes) world.start(each);
      return;
    case "lose data":
      world.start(node, false);
      return;
    case "lose all":
      for (const each of world.nodes) world.start(each, false);
      return;
    case "fail over": {
      world.kill(node);
      const isDone = world.nodes.some((replica) => replica.primaryId === node.id && world.failOver(replica));
      world.settle();
      world.start(node);
      if (isDone) world.settle();
    }
  }
}
