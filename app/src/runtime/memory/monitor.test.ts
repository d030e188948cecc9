import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { collectGarbage } from "../process/collect-garbage.ts";
import { MemoryMonitor, type MemoryMonitorOptions, type MemoryReport } from "./monitor.ts";

const MiB = 1024 ** 2;
const usual = { intervalMs: 3_600_000, samples: 100, limitBytes: 1024 * MiB, heapLimitBytes: 4096 * MiB };

function monitor(t: TestContext, options: Partial<MemoryMonitorOptions> = {}): MemoryMonitor {
  const made = new MemoryMonitor({ ...usual, minGrowthBytes: 16 * MiB, ...options });
  made.start();
  t.after(() => made.stop());
  return made;
}

/** Waits for a condition. Node.js reports collections in a later turn of the event loop. */
async function until(holds: () => boolean): Promise<void> {
  for (let waits = 0; !holds(); waits++) {
    assert.ok(waits < 2000, "it does not come");
    await sleep(5);
  }
}

test("MemoryMonitor reports memory and limits", (t) => {
  const report = monitor(t).report();
  const { newest } = report;
  for (const part of ["rss", "heapTotal", "heapUsed", "external", "arrayBuffers"] as const)
    assert.ok(newest[part] >= 0 && Number.isInteger(newest[part]), part);
  assert.ok(Math.abs(report.usagePercent - (100 * newest.rss) / usual.limitBytes) <= 0.05);
  assert.ok(Math.abs(report.heapUsagePercent - (100 * newest.heapUsed) / usual.heapLimitBytes) <= 0.05);
  assert.deepEqual(report.trend, {
    direction: "unknown",
    bytesPerSecond: undefined,
    interval: undefined,
    ratio: 1,
    grownBytes: 0,
    floors: 0,
    secondsToLimit: undefined,
  });
  assert.deepEqual([report.verdict, report.suspectedSince], ["warming up", undefined]);
  assert.deepEqual(report.samples, [newest]);
});

test("MemoryMonitor keeps only the newest samples", async (t) => {
  const made = monitor(t, { intervalMs: 2, samples: 3 });
  const first = made.report().newest;
  await until(() => !made.report().samples.includes(first));
  assert.equal(made.report().samples.length, 3);
});

test("MemoryMonitor reads the floor after a full collection, including buffers", async (t) => {
  const made = monitor(t);
  const kept = Buffer.alloc(32 * MiB, 1);
  collectGarbage();
  await until(() => made.report().floor !== undefined);
  assert.ok((made.report().floor?.external ?? 0) >= kept.length);
  assert.ok(made.stats.floorBytes > kept.length);
});

test("MemoryMonitor calls onNearHeapLimit once when the heap is nearly full", async (t) => {
  const near: MemoryReport[] = [];
  const made = monitor(t, { heapLimitBytes: MiB, onNearHeapLimit: (report) => near.push(report) });
  for (let round = 0; round < 3; round++) {
    const before = made.report().floor?.at ?? 0;
    await sleep(2);
    collectGarbage();
    await until(() => (made.report().floor?.at ?? 0) > before);
  }
  assert.equal(near.length, 1);
  assert.ok((near[0]?.heapUsagePercent ?? 0) > 100);
});
