import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planWorkers, workerEnvironment, workerPlace } from "./worker-plan.ts";

const MiB = 1024 ** 2;
const roomy = { cpus: 4, memoryBytes: 4096 * MiB, ceilingBytes: 0 };

test("max follows the CPU quota, a fraction counts down, and never none", () => {
  for (const [cpus, workers] of [
    [0.25, 1],
    [1.9, 1],
    [2, 2],
    [7.5, 7],
  ] as const)
    assert.equal(planWorkers({ ...roomy, asked: "max", cpus }).workers, workers);
});

test("a number is taken as it is while there is memory for it", () => {
  const plan = planWorkers({ ...roomy, asked: 8 });
  assert.equal(plan.workers, 8);
  assert.equal(plan.cut, undefined);
});

test("memory bounds both, and the reason is told where a number was asked for", () => {
  const tight = { ...roomy, cpus: 16, memoryBytes: 512 * MiB };
  assert.deepEqual(planWorkers({ ...tight, asked: "max" }).workers, 3);
  const asked = planWorkers({ ...tight, asked: 8 });
  assert.equal(asked.workers, 3);
  assert.equal(asked.cut, "8 workers were asked for; 512 MiB of memory have room for 3");
  assert.equal(planWorkers({ ...tight, asked: "max", memoryBytes: 192 * MiB }).workers, 1);
});

test("a configured ceiling is kept", () => {
  assert.equal(planWorkers({ ...roomy, asked: 2, ceilingBytes: 200 * MiB }).ceilingBytes, 200 * MiB);
});

test("all at their ceiling and one that starts fit in the pod", () => {
  fc.assert(
    fc.property(
      fc.record({
        asked: fc.oneof(fc.constant("max" as const), fc.integer({ min: 1, max: 64 })),
        cpus: fc.double({ min: 0.1, max: 64, noNaN: true }),
        memoryBytes: fc.integer({ min: 64 * MiB, max: 16_384 * MiB }),
        ceilingBytes: fc.constant(0),
      }),
      (input) => {
        const { workers, ceilingBytes, limitBytes, heapMiB } = planWorkers(input);
        assert.ok(workers >= 1 && (input.asked === "max" || workers <= input.asked));
        assert.ok(ceilingBytes < limitBytes * 0.92);
        assert.ok(heapMiB >= 60 && heapMiB * MiB < ceilingBytes);
        if (workers === 1) return;
        const pod = 48 * MiB + 32 * MiB + workers * (ceilingBytes - 48 * MiB) + 64 * MiB;
        assert.ok(pod <= input.memoryBytes, `${pod} of ${input.memoryBytes}`);
      },
    ),
  );
});

test("a worker is told its place and its share of what is the pod's", () => {
  const plan = planWorkers({ ...roomy, asked: 2 });
  const config = {
    database: { url: "", poolSize: 9 },
    heavy: { threads: "auto" as const, queue: 1, timeoutMs: 1 },
  };
  const env = workerEnvironment(plan, 2, 4, config);
  assert.equal(env.DATABASE_POOL_SIZE, "4");
  assert.equal(env.HEAVY_THREADS, "2");
  assert.deepEqual(workerPlace(env), { number: 2, limitBytes: plan.limitBytes });
  const fixed = workerEnvironment(plan, 1, 4, { ...config, heavy: { ...config.heavy, threads: 3 } });
  assert.equal(fixed.HEAVY_THREADS, undefined);
});
