import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planWorkers, readWorkerEnvironment, workerEnvironment } from "./worker-plan.ts";

const MiB = 1024 ** 2;
const roomy = { cpus: 4, memoryBytes: 4096 * MiB, ceilingBytes: 0 };

test("planWorkers rounds the CPU quota down, to at least 1, when the count is max", () => {
  for (const [cpus, workers] of [
    [0.25, 1],
    [1.9, 1],
    [2, 2],
    [7.5, 7],
  ] as const)
    assert.equal(planWorkers({ ...roomy, count: "max", cpus }).workers, workers);
});

test("planWorkers uses the configured count when memory fits it", () => {
  const plan = planWorkers({ ...roomy, count: 8 });
  assert.equal(plan.workers, 8);
  assert.equal(plan.reduced, undefined);
});

test("planWorkers reduces the count when memory is short, and gives the reason when a number is configured", () => {
  const tight = { ...roomy, cpus: 16, memoryBytes: 512 * MiB };
  assert.deepEqual(planWorkers({ ...tight, count: "max" }).workers, 3);
  const plan = planWorkers({ ...tight, count: 8 });
  assert.equal(plan.workers, 3);
  assert.equal(plan.reduced, "WORKERS is 8; 512 MiB of memory have room for 3");
  assert.equal(planWorkers({ ...tight, count: "max", memoryBytes: 192 * MiB }).workers, 1);
});

test("planWorkers uses the configured ceiling", () => {
  assert.equal(planWorkers({ ...roomy, count: 2, ceilingBytes: 200 * MiB }).ceilingBytes, 200 * MiB);
});

test("planWorkers fits all workers at their ceiling and one new worker into the pod", () => {
  fc.assert(
    fc.property(
      fc.record({
        count: fc.oneof(fc.constant("max" as const), fc.integer({ min: 1, max: 64 })),
        cpus: fc.double({ min: 0.1, max: 64, noNaN: true }),
        memoryBytes: fc.integer({ min: 64 * MiB, max: 16_384 * MiB }),
        ceilingBytes: fc.constant(0),
      }),
      (input) => {
        const { workers, ceilingBytes, limitBytes, heapMiB } = planWorkers(input);
        assert.ok(workers >= 1 && (input.count === "max" || workers <= input.count));
        assert.ok(ceilingBytes < limitBytes * 0.92);
        assert.ok(heapMiB >= 60 && heapMiB * MiB < ceilingBytes);
        if (workers === 1) return;
        const pod = 48 * MiB + 32 * MiB + workers * (ceilingBytes - 48 * MiB) + 64 * MiB;
        assert.ok(pod <= input.memoryBytes, `${pod} of ${input.memoryBytes}`);
      },
    ),
  );
});

test("workerEnvironment sets the worker's index and its share of the pod's limits", () => {
  const plan = planWorkers({ ...roomy, count: 2 });
  const config = {
    database: { url: "", ca: undefined, passwordFile: undefined, poolSize: 9 },
    cpuPool: { threads: "auto" as const, queue: 1, timeoutMs: 1 },
  };
  const env = workerEnvironment(plan, 2, 4, config);
  assert.equal(env.DATABASE_POOL_SIZE, "4");
  assert.equal(env.HEAVY_THREADS, "2");
  assert.deepEqual(readWorkerEnvironment(env), { workerIndex: 2, limitBytes: plan.limitBytes });
  const fixed = workerEnvironment(plan, 1, 4, { ...config, cpuPool: { ...config.cpuPool, threads: 3 } });
  assert.equal(fixed.HEAVY_THREADS, undefined);
});
