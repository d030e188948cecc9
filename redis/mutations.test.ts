import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import type { ServerVersion } from "./server-version.ts";
import type { Parts } from "./testing/simulated-run.ts";
import { type Incident, play, servers, stories } from "./testing/story.ts";

interface Mutation {
  file: string;
  /** Text that occurs once in the file, and what replaces it. */
  from: string;
  to: string;
  /** What happens to nodes in the stories that show the fault. */
  incidents: Incident[];
  /** What the nodes run in the stories. Default: what moves slots the classic way. */
  servers?: ServerVersion[];
}

const swap = (from: string) => {
  const [first, second] = from.split("\n").map((line) => line.trim());
  return { from, to: `${second} ${first}` };
};

/** Faults of other programs, and of earlier versions of this one. Each must be seen by the properties of topology.test.ts. */
const mutations: Record<string, Mutation> = {
  "the source gives a slot up before the target has it": {
    file: "move-slots.ts",
    ...swap(`await setSlots(to.node, slots, "NODE", to.id);
  await setSlots(from.node, slots, "NODE", to.id);`),
    incidents: [],
  },
  "clients are sent on before the target lets them in": {
    file: "move-slots.ts",
    ...swap(`await setSlots(to.node, slots, "IMPORTING", from.id);
  await setSlots(from.node, slots, "MIGRATING", to.id);`),
    incidents: [],
  },
  "a key that is on both nodes is not replaced": {
    file: "move-slots.ts",
    from: 'credentials, ["REPLACE"]',
    to: "credentials, []",
    incidents: [],
  },
  "failed commands are ignored": {
    file: "move-slots.ts",
    from: 'if (result.status === "rejected") throw result.reason;',
    to: 'if (result.status === "rejected") return undefined as R;',
    incidents: [],
  },
  "a node leaves before its slots have moved": {
    file: "plan.ts",
    from: "!node.isLeaving || hasPart(node) || isGuard(node)",
    to: "!node.isLeaving",
    incidents: [],
  },
  "one node is believed instead of all": {
    file: "plan-slots.ts",
    from: "return members.filter((viewer) =>",
    to: "return members.slice(0, 1).filter((viewer) =>",
    incidents: ["lose data"],
  },
  "open slots are not finished": {
    file: "plan.ts",
    from: "if (mending.length > 0)",
    to: "if (mending.length > 1000)",
    incidents: [],
  },
  "a lost node is forgotten before its replica has its place": {
    file: "plan.ts",
    from: "if (takeOvers.length > 0)",
    to: "if (takeOvers.length > 1000)",
    incidents: ["lose data"],
  },
  "a node that moves slots in one step is not left alone": {
    file: "plan-migrations.ts",
    from: "if (moving.length === 0)",
    to: "if (moving.length >= 0)",
    incidents: [],
    servers: [servers.valkey],
  },
  "a move that was begun the classic way goes on in one step": {
    file: "perform.ts",
    from: "if (isBegun || ",
    to: "if (",
    incidents: [],
    servers: Object.values(servers),
  },
  "slots move to a primary whose replica is not in sync": {
    file: "plan.ts",
    from: "disagreement ?? waitForGoodState(members);\n",
    to: "undefined as Plan | undefined;\n",
    incidents: ["restart", "restart all"],
  },
};

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "mutations-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
});
after(() => rm(folder, { recursive: true }));

/** The parts of the program with one change. */
async function mutated(name: string, { file, from, to }: Mutation): Promise<Parts> {
  const copy = join(folder, name.replaceAll(" ", "-"));
  const isSource = (path: string) => !path.endsWith("testing") && !path.endsWith(".test.ts");
  await cp(import.meta.dirname, copy, { recursive: true, filter: isSource });
  const source = await readFile(join(copy, file), "utf8");
  assert.equal(source.split(from).length, 2, `${file} must have this text once: ${from}`);
  await writeFile(join(copy, file), source.replace(from, to));
  const load = (module: string) => import(pathToFileURL(join(copy, module)).href);
  const [{ planTopology }, { perform }, { observe }] = await Promise.all(
    ["plan.ts", "perform.ts", "observe.ts"].map(load),
  );
  return { planTopology, perform, observe };
}

for (const [name, mutation] of Object.entries(mutations))
  test(`the properties see the fault when ${name}`, async () => {
    const parts = await mutated(name, mutation);
    const isStrict = mutation.incidents.length === 0;
    const arbitrary = stories(mutation.incidents, mutation.servers ?? [servers.classic]);
    const property = fc.asyncProperty(arbitrary, (story) => play(story, parts, isStrict));
    const result = await fc.check(property, { numRuns: 1000, seed: 1, endOnFailure: true });
    assert.ok(result.failed, "no story failed");
  });
