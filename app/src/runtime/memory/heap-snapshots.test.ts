import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { HeapSnapshots, type HeapSnapshotsOptions } from "./heap-snapshots.ts";

// Needs a process of its own: a snapshot contains the whole heap.
const GiB = 1024 ** 3;
const log = { info: () => undefined, warn: () => undefined };

async function snapshots(t: TestContext, options: Partial<HeapSnapshotsOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), "heap-snapshots-"));
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

test("HeapSnapshots writes a complete snapshot with valid counts, edges and names", async (t) => {
  const { dir, taker } = await snapshots(t);
  const marked = { onlyHere: "a-text-that-only-this-test-has" };
  const result = await taker.take("asked for");
  assert.equal(marked.onlyHere.length, 30);
  assert.ok(result.taken, JSON.stringify(result));
  assert.match(
    result.name,
    new RegExp(`^heap-\\d{4}-\\d\\d-\\d\\dT[\\d-]+Z-api-7f-${process.pid}-asked-for.heapsnapshot$`),
  );
  const json = await readFile(join(dir, result.name), "utf8");
  assert.equal(Buffer.byteLength(json), result.bytes);
  const { snapshot, nodes, edges, strings } = JSON.parse(json) as Snapshot;
  const { node_fields: nodeFields, edge_fields: edgeFields, edge_types: edgeTypes } = snapshot.meta;
  assert.equal(nodes.length, snapshot.node_count * nodeFields.length);
  assert.equal(edges.length, snapshot.edge_count * edgeFields.length);
  const [name, edgeCount] = [nodeFields.indexOf("name"), nodeFields.indexOf("edge_count")];
  let counted = 0;
  for (let offset = 0; offset < nodes.length; offset += nodeFields.length) {
    assert.ok((nodes[offset + name] ?? -1) < strings.length);
    counted += nodes[offset + edgeCount] ?? 0;
  }
  assert.equal(counted, snapshot.edge_count);
  const types = edgeTypes[0] as string[];
  for (let offset = 0; offset < edges.length; offset += edgeFields.length) {
    const [type, nameOrIndex = -1, to = -1] = edges.slice(offset, offset + 3);
    assert.ok(to >= 0 && to < nodes.length && to % nodeFields.length === 0, `edge ${offset} ends at ${to}`);
    const named = !["element", "hidden"].includes(types[type ?? -1] ?? "");
    assert.ok(!named || nameOrIndex < strings.length, `edge ${offset} has the name ${nameOrIndex}`);
  }
  assert.ok(strings.includes(marked.onlyHere));
});

test("HeapSnapshots refuses a snapshot with its numbers, and writes no file, when there is no room", async (t) => {
  const memory = () => ({ limitBytes: GiB, usedBytes: 0.95 * GiB });
  const { dir, taker } = await snapshots(t, { memory });
  const result = await taker.take("leak suspected");
  assert.ok(!result.taken);
  assert.match(result.reason, /^no room in memory/);
  assert.deepEqual([result.numbers.limitBytes, result.numbers.usedBytes], [GiB, 0.95 * GiB]);
  assert.ok((result.numbers.memoryNeededBytes ?? 0) > (result.numbers.heapUsedBytes ?? 0));
  assert.deepEqual(await readdir(dir), []);
});

test("HeapSnapshots takes one snapshot at a time, over all processes of the folder", async (t) => {
  const { dir, taker } = await snapshots(t);
  const [first, second] = await Promise.all([taker.take("a"), taker.take("b")]);
  assert.ok(first.taken);
  assert.ok(!second.taken && second.reason === "another snapshot is being taken");
  await writeFile(join(dir, `heap-x-${process.ppid}-leak.heapsnapshot.partial`), "{");
  const third = await taker.take("c");
  assert.ok(!third.taken && third.reason === "another process of this pod is taking a snapshot");
});

test("HeapSnapshots refuses a snapshot when the folder is gone", async (t) => {
  const { dir, taker } = await snapshots(t);
  await rm(dir, { recursive: true });
  const result = await taker.take("asked for");
  assert.ok(!result.taken && /^the folder cannot be used: ENOENT/.test(result.reason));
  assert.deepEqual(await taker.list(), []);
});

test("HeapSnapshots.start removes unfinished snapshots of ended processes, and all but the newest", async (t) => {
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
    await writeFile(join(dir, name), name);
    if (!name.endsWith("partial")) await utimes(join(dir, name), 1000 + index, 1000 + index);
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

test("HeapSnapshots.find finds snapshots only", async (t) => {
  const { dir, taker } = await snapshots(t);
  await writeFile(join(dir, "heap-1.heapsnapshot"), "{}");
  await writeFile(join(dir, "secret"), "x");
  const found = await taker.find("heap-1.heapsnapshot");
  assert.equal(found?.bytes, 2);
  assert.equal(found && (await text(await found.open())), "{}");
  for (const name of ["secret", "heap-2.heapsnapshot", "../heap-1.heapsnapshot", "heap-/../../secret", ""])
    assert.equal(await taker.find(name), undefined, name);
});
