import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { HeapSnapshots, type HeapSnapshotsOptions } from "./heap-snapshots.ts";

// Needs a process of its own: a snapshot contains the whole heap.
const GiB = 1024 ** 3;
const log = { info: () => undefined, warn: () => undefined };

async function snapshots(t: TestContext, options: Partial<HeapSnapshotsOptions> = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), "heap-snapshots-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const memory = () => ({ limitBytes: 64 * GiB, usedBytes: GiB });
  return { dir, taker: new HeapSnapshots({ dir, kept: 2, podName: "api-7f", memory, log, ...options }) };
}

interface Snapshot {
  snapshot: {
    meta: { node_fields: string[]; node_types: unknown[]; edge_fields: string[]; edge_types: unknown[] };
    node_count: number;
    edge_count: number;
  };
  nodes: number[];
  edges: number[];
  strings: string[];
}

test("a snapshot is whole: its counts agree, every edge ends at a node, every name is there", async (t) => {
  const { dir, taker } = await snapshots(t);
  const marked = { onlyHere: "a-text-that-only-this-test-has" };
  const answer = await taker.take("asked for");
  assert.equal(marked.onlyHere.length, 30);
  assert.ok(answer.taken, JSON.stringify(answer));
  assert.match(
    answer.name,
    new RegExp(`^heap-\\d{4}-\\d\\d-\\d\\dT[\\d-]+Z-api-7f-${process.pid}-asked-for.heapsnapshot$`),
  );
  const json = await readFile(path.join(dir, answer.name), "utf8");
  assert.equal(Buffer.byteLength(json), answer.bytes);
  const { snapshot, nodes, edges, strings } = JSON.parse(json) as Snapshot;
  const { node_fields: nodeFields, edge_fields: edgeFields, edge_types: edgeTypes } = snapshot.meta;
  assert.equal(nodes.length, snapshot.node_count * nodeFields.length);
  assert.equal(edges.length, snapshot.edge_count * edgeFields.length);
  const [name, edgeCount] = [nodeFields.indexOf("name"), nodeFields.indexOf("edge_count")];
  let counted = 0;
  for (let at = 0; at < nodes.length; at += nodeFields.length) {
    assert.ok((nodes[at + name] ?? -1) < strings.length);
    counted += nodes[at + edgeCount] ?? 0;
  }
  assert.equal(counted, snapshot.edge_count);
  const types = edgeTypes[0] as string[];
  for (let at = 0; at < edges.length; at += edgeFields.length) {
    const [type, nameOrIndex = -1, to = -1] = edges.slice(at, at + 3);
    assert.ok(to >= 0 && to < nodes.length && to % nodeFields.length === 0, `edge ${at} ends at ${to}`);
    const named = !["element", "hidden"].includes(types[type ?? -1] ?? "");
    assert.ok(!named || nameOrIndex < strings.length, `edge ${at} has the name ${nameOrIndex}`);
  }
  assert.ok(strings.includes(marked.onlyHere));
});

test("with no room it is refused with the numbers, and nothing is written", async (t) => {
  const memory = () => ({ limitBytes: GiB, usedBytes: 0.95 * GiB });
  const { dir, taker } = await snapshots(t, { memory });
  const answer = await taker.take("leak suspected");
  assert.ok(!answer.taken);
  assert.match(answer.reason, /^no room in memory/);
  assert.deepEqual([answer.numbers.limitBytes, answer.numbers.usedBytes], [GiB, 0.95 * GiB]);
  assert.ok((answer.numbers.memoryNeededBytes ?? 0) > (answer.numbers.heapUsedBytes ?? 0));
  assert.deepEqual(await readdir(dir), []);
});

test("one at a time, in one process and over those that share the folder", async (t) => {
  const { dir, taker } = await snapshots(t);
  const [first, second] = await Promise.all([taker.take("a"), taker.take("b")]);
  assert.ok(first.taken);
  assert.ok(!second.taken && second.reason === "another snapshot is being taken");
  await writeFile(path.join(dir, `heap-x-${process.ppid}-leak.heapsnapshot.partial`), "{");
  const third = await taker.take("c");
  assert.ok(!third.taken && third.reason === "another process of this pod is taking a snapshot");
});

test("a folder that is gone is a refusal, not a crash", async (t) => {
  const { dir, taker } = await snapshots(t);
  await rm(dir, { recursive: true });
  const answer = await taker.take("asked for");
  assert.ok(!answer.taken && /^the folder cannot be used: ENOENT/.test(answer.reason));
  assert.deepEqual(await taker.list(), []);
});

test("start removes what a dead process left unfinished, and all but the newest", async (t) => {
  const { dir, taker } = await snapshots(t);
  const alive = `heap-x-${process.ppid}-leak.heapsnapshot.partial`;
  for (const [index, name] of [
    "heap-1.heapsnapshot",
    "heap-2.heapsnapshot",
    "heap-3.heapsnapshot",
    "notes.txt",
    alive,
    `heap-x-${process.pid}-leak.heapsnapshot.partial`,
    "heap-x-99999999-leak.heapsnapshot.partial",
  ].entries()) {
    await writeFile(path.join(dir, name), name);
    if (!name.endsWith("partial")) await utimes(path.join(dir, name), 1000 + index, 1000 + index);
  }
  await taker.start();
  assert.deepEqual((await readdir(dir)).sort(), [
    "heap-2.heapsnapshot",
    "heap-3.heapsnapshot",
    alive,
    "notes.txt",
  ]);
  const listed = await taker.list();
  assert.deepEqual(
    listed.map(({ name, bytes }) => [name, bytes]),
    [
      ["heap-3.heapsnapshot", 19],
      ["heap-2.heapsnapshot", 19],
    ],
  );
});

test("a snapshot is opened by its name, and nothing else is", async (t) => {
  const { dir, taker } = await snapshots(t);
  await writeFile(path.join(dir, "heap-1.heapsnapshot"), "{}");
  await writeFile(path.join(dir, "secret"), "x");
  const opened = await taker.open("heap-1.heapsnapshot");
  assert.equal(opened && (await text(opened)), "{}");
  for (const name of ["secret", "heap-2.heapsnapshot", "../heap-1.heapsnapshot", "heap-/../../secret", ""])
    assert.equal(await taker.open(name), undefined, name);
});
