import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Pacer } from "./pacer.ts";

test("Pacer calls back once for each beat, in order and never early, also after a busy event loop", async () => {
  const beats: { index: number; ms: number }[] = [];
  const pacer = await Pacer.prepare();
  const startMs = performance.now() + 200;
  pacer.start(500, startMs - performance.now(), (index) => {
    beats.push({ index, ms: performance.now() });
  });
  await sleep(600);
  for (const untilMs = performance.now() + 100; performance.now() < untilMs; );
  await sleep(200);
  await pacer.stop();
  const stopped = beats.length;
  assert.deepEqual(
    beats.map(({ index }) => index),
    [...beats.keys()],
  );
  for (const { index, ms } of beats) assert.ok(ms >= startMs + index * 2 - 0.1, `beat ${index} came early`);
  assert.ok(stopped > 300, `${stopped} beats in 0.7 s at 500 a second`);
  await sleep(50);
  assert.equal(beats.length, stopped);
});
