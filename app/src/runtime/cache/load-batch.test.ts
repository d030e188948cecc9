import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadBatch } from "./load-batch.ts";

function setUp(outstanding: number) {
  const loads: string[][] = [];
  const batch = new LoadBatch(outstanding, async (names) => {
    loads.push(names);
    return new Map(names.map((name) => [name, name.toUpperCase()]));
  });
  return { batch, loads };
}

test("LoadBatch loads all names together when the others need no load", async () => {
  const { batch, loads } = setUp(3);
  const values = Promise.all([batch.load("a"), batch.load("b")]);
  assert.deepEqual(loads, []);
  batch.doneWithout();
  assert.deepEqual(loads, [["a", "b"]]);
  assert.deepEqual(await values, ["A", "B"]);
});

test("LoadBatch loads a late name separately", async () => {
  const { batch, loads } = setUp(2);
  assert.equal(await batch.load("a"), "A");
  assert.equal(await batch.load("b"), "B");
  assert.deepEqual(loads, [["a"], ["b"]]);
});

test("LoadBatch rejects all waiting loads when loadMany fails", async () => {
  const batch = new LoadBatch(2, () => Promise.reject(new Error("bad")));
  const both = [batch.load("a"), batch.load("b")];
  for (const load of both) await assert.rejects(load, /bad/);
});
