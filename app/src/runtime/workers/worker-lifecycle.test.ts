import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type WorkerAction, WorkerLifecycle, type WorkerPolicy } from "./worker-lifecycle.ts";

const policy: WorkerPolicy = {
  workers: 2,
  restartDelayMs: 500,
  minUptimeMs: 5000,
  maxRestarts: 3,
  listenTimeoutMs: 10_000,
  killTimeoutMs: 20_000,
  ceilingBytes: 100,
  maxMissedHeartbeats: 30,
};

/** Short form of actions: the action and the process's id. */
const short = (actions: WorkerAction[]) =>
  actions.map((action) => (action.action === "end" ? `end ${action.code}` : `${action.action} ${action.id}`));

/** A lifecycle at time 10 000, whose workers 1 and 2 are ready and have reached the minimum uptime. */
function settled(changes: Partial<WorkerPolicy> = {}): WorkerLifecycle {
  const lifecycle = new WorkerLifecycle({ ...policy, ...changes });
  lifecycle.start(0);
  for (const { id } of lifecycle.processes) lifecycle.ready(id, 100);
  lifecycle.tick(10_000);
  return lifecycle;
}

test("WorkerLifecycle starts a process for each slot and waits for nothing when all are settled", () => {
  const lifecycle = new WorkerLifecycle(policy);
  assert.deepEqual(short(lifecycle.start(0)), ["start 1", "start 2"]);
  assert.equal(lifecycle.dueAt, 10_000);
  assert.equal(settled().dueAt, undefined);
});

test("WorkerLifecycle restarts a worker in its slot after the delay when it exits", () => {
  const lifecycle = settled();
  assert.deepEqual(lifecycle.exited(1, "signal SIGKILL", false, 20_000), []);
  assert.equal(lifecycle.dueAt, 20_500);
  assert.deepEqual(lifecycle.tick(20_499), []);
  assert.deepEqual(lifecycle.tick(20_500), [{ action: "start", id: 3, workerIndex: 1, reason: "it ended" }]);
  assert.deepEqual(lifecycle.tick(20_501), []);
});

test("WorkerLifecycle ends the pod in order when a worker exits early more often than allowed", () => {
  const lifecycle = settled();
  let now = 20_000;
  let id = 1;
  // The first exit comes after a long uptime.
  for (const ends of [0, 1, 2, 3]) {
    assert.deepEqual(lifecycle.exited(id, "exit code 1", false, now), [], `end ${ends}`);
    now += policy.restartDelayMs;
    const [action] = lifecycle.tick(now);
    assert.ok(action?.action === "start" && action.workerIndex === 1);
    id = action.id;
    now += 100;
  }
  assert.deepEqual(short(lifecycle.exited(id, "exit code 1", false, now)), ["leave 2"]);
  const [end] = lifecycle.exited(2, "exit code 0", true, now + 3000);
  assert.deepEqual(end, {
    action: "end",
    code: 1,
    reason: "worker 1 ended too soon, 4 times in a row: exit code 1",
  });
  assert.deepEqual(lifecycle.tick(now + 60_000), []);
});

test("WorkerLifecycle ends the pod at the first early exit when maxRestarts is 0", () => {
  const lifecycle = new WorkerLifecycle({ ...policy, maxRestarts: 0 });
  lifecycle.start(0);
  assert.deepEqual(short(lifecycle.exited(1, "exit code 1", false, 50)), ["kill 2"]);
  assert.deepEqual(lifecycle.exited(2, "signal SIGKILL", false, 60), [
    { action: "end", code: 1, reason: "worker 1 ended too soon: exit code 1" },
  ]);
});

test("WorkerLifecycle resets the early exits when a worker reaches the minimum uptime", () => {
  const lifecycle = new WorkerLifecycle(policy);
  lifecycle.start(0);
  lifecycle.ready(2, 100);
  let now = 0;
  for (let round = 0; round < 20; round++) {
    const process = lifecycle.processes.find(({ workerIndex }) => workerIndex === 1);
    assert.ok(process);
    if (round % 3 === 0) lifecycle.ready(process.id, now);
    now += round % 3 === 0 ? policy.minUptimeMs : 100;
    assert.ok(
      !short(lifecycle.exited(process.id, "exit code 1", false, now)).includes("leave 2"),
      `round ${round}`,
    );
    now += policy.restartDelayMs;
    lifecycle.tick(now);
  }
});

test("WorkerLifecycle kills a worker that is not ready in time, and counts it as an early exit", () => {
  const lifecycle = new WorkerLifecycle({ ...policy, maxRestarts: 0 });
  lifecycle.start(0);
  lifecycle.ready(2, 100);
  assert.deepEqual(short(lifecycle.tick(10_000)), ["kill 1"]);
  assert.deepEqual(lifecycle.tick(10_001), []);
  assert.deepEqual(short(lifecycle.exited(1, "signal SIGKILL", false, 10_010)), ["leave 2"]);
  const [end] = lifecycle.exited(2, "exit code 0", true, 10_900);
  assert.ok(end?.action === "end");
  assert.equal(end.reason, "worker 1 ended too soon: it was not ready within 10000 ms");
});

test("WorkerLifecycle asks a worker at its ceiling to leave when its replacement is ready", () => {
  const lifecycle = settled();
  assert.deepEqual(lifecycle.heartbeat(1, 99, 20_000), []);
  assert.deepEqual(short(lifecycle.heartbeat(1, 100, 20_000)), ["start 3"]);
  assert.deepEqual(lifecycle.heartbeat(1, 120, 20_100), [], "only once");
  assert.deepEqual(lifecycle.heartbeat(2, 120, 20_100), [], "one at a time");
  assert.deepEqual(short(lifecycle.ready(3, 20_500)), ["leave 1"]);
  assert.deepEqual(lifecycle.heartbeat(2, 120, 20_600), [], "while the old one leaves");
  assert.deepEqual(lifecycle.exited(1, "exit code 0", true, 23_500), []);
  assert.equal(lifecycle.dueAt, 25_000);
  assert.deepEqual(short(lifecycle.heartbeat(2, 120, 23_600)), ["start 4"]);
});

test("WorkerLifecycle keeps the old worker and retries after the delay when a replacement fails to start", () => {
  const lifecycle = settled();
  lifecycle.heartbeat(1, 100, 20_000);
  assert.deepEqual(lifecycle.exited(3, "exit code 1", false, 20_100), []);
  assert.deepEqual(lifecycle.heartbeat(1, 100, 20_200), []);
  assert.deepEqual(short(lifecycle.heartbeat(1, 100, 20_600)), ["start 4"]);
});

test("WorkerLifecycle starts no other process when the old worker exits while its replacement starts", () => {
  const lifecycle = settled();
  lifecycle.heartbeat(1, 100, 20_000);
  lifecycle.exited(1, "signal SIGKILL", false, 20_100);
  assert.deepEqual(lifecycle.ready(3, 20_400), []);
  assert.deepEqual(lifecycle.tick(29_000), []);
  assert.deepEqual(
    lifecycle.processes.map(({ id }) => id),
    [2, 3],
  );
});

test("WorkerLifecycle replaces a worker at its ceiling only after the minimum uptime", () => {
  const lifecycle = new WorkerLifecycle(policy);
  lifecycle.start(0);
  lifecycle.ready(1, 100);
  assert.deepEqual(lifecycle.heartbeat(1, 200, 1000), []);
  lifecycle.tick(5000);
  assert.deepEqual(short(lifecycle.heartbeat(1, 200, 5001)), ["start 3"]);
});

test("WorkerLifecycle kills a replaced worker that does not leave in time, and does not restart it", () => {
  const lifecycle = settled();
  lifecycle.heartbeat(1, 100, 20_000);
  lifecycle.ready(3, 20_500);
  assert.deepEqual(short(lifecycle.tick(40_500)), ["kill 1"]);
  assert.deepEqual(lifecycle.exited(1, "signal SIGKILL", false, 40_510), []);
  assert.deepEqual(lifecycle.tick(50_000), []);
  assert.equal(lifecycle.processes.length, 2);
});

test("WorkerLifecycle ends with code 0 and starts nothing when all workers leave cleanly on shutdown", () => {
  const lifecycle = settled();
  lifecycle.exited(1, "exit code 1", false, 19_900);
  assert.deepEqual(short(lifecycle.shutDown("SIGTERM", 20_000)), ["leave 2"]);
  assert.deepEqual(lifecycle.shutDown("SIGTERM", 20_001), []);
  assert.deepEqual(lifecycle.tick(21_000), []);
  assert.deepEqual(lifecycle.exited(2, "exit code 0", true, 23_000), [
    { action: "end", code: 0, reason: "SIGTERM" },
  ]);
});

test("WorkerLifecycle ends with code 1 when a worker exits uncleanly or is killed on shutdown", () => {
  const cut = settled();
  cut.shutDown("SIGTERM", 20_000);
  cut.exited(1, "exit code 1", false, 23_000);
  assert.deepEqual(short(cut.exited(2, "exit code 0", true, 23_000)), ["end 1"]);
  const killed = settled();
  killed.shutDown("SIGTERM", 20_000);
  killed.exited(1, "exit code 0", true, 23_000);
  assert.deepEqual(short(killed.tick(40_000)), ["kill 2"]);
  assert.deepEqual(short(killed.exited(2, "signal SIGKILL", false, 40_010)), ["end 1"]);
});

test("WorkerLifecycle kills workers that are still starting on shutdown, and ends with code 0", () => {
  const lifecycle = new WorkerLifecycle(policy);
  lifecycle.start(0);
  assert.deepEqual(short(lifecycle.shutDown("SIGTERM", 50)), ["kill 1", "kill 2"]);
  assert.deepEqual(lifecycle.ready(1, 51), []);
  lifecycle.exited(1, "signal SIGKILL", false, 60);
  assert.deepEqual(short(lifecycle.exited(2, "signal SIGKILL", false, 60)), ["end 0"]);
});

test("WorkerLifecycle ends at once on shutdown when no process is running", () => {
  const lifecycle = new WorkerLifecycle({ ...policy, workers: 1 });
  lifecycle.start(0);
  lifecycle.exited(1, "exit code 1", false, 10);
  assert.deepEqual(short(lifecycle.shutDown("SIGTERM", 20)), ["end 0"]);
});

test("WorkerLifecycle kills workers without heartbeats one at a time", () => {
  const lifecycle = settled();
  for (let check = 1; check < policy.maxMissedHeartbeats; check++)
    assert.deepEqual(lifecycle.checkHeartbeats(), []);
  lifecycle.heartbeat(2, 10, 40_000);
  assert.deepEqual(short(lifecycle.checkHeartbeats()), ["kill 1"]);
  for (let check = 0; check < 2 * policy.maxMissedHeartbeats; check++)
    assert.deepEqual(lifecycle.checkHeartbeats(), []);
  lifecycle.exited(1, "signal SIGKILL", false, 41_000);
  const [start] = lifecycle.tick(41_500);
  assert.ok(start?.action === "start");
  lifecycle.ready(start.id, 41_900);
  assert.deepEqual(short(lifecycle.checkHeartbeats()), ["kill 2"]);
});

test("WorkerLifecycle delays a replacement while another worker leaves and a restart is pending", () => {
  const lifecycle = new WorkerLifecycle({ ...policy, workers: 2, maxRestarts: 1000 });
  const aboveCeiling = 150;
  lifecycle.start(0);
  lifecycle.ready(1, 100);
  lifecycle.ready(2, 100);
  lifecycle.tick(6000);
  assert.deepEqual(short(lifecycle.heartbeat(1, aboveCeiling, 6000)), ["start 3"]);
  assert.deepEqual(short(lifecycle.ready(3, 6100)), ["leave 1"]);
  lifecycle.exited(3, "exit code 1", false, 6200);
  assert.deepEqual(short(lifecycle.heartbeat(2, aboveCeiling, 6300)), []);
  assert.deepEqual(short(lifecycle.tick(12_000)), ["start 4"]);
  assert.equal(lifecycle.processes.length, 3);
});

test("WorkerLifecycle never has more than one extra process, nor takes more than one worker out of service, whatever happens", () => {
  const step = fc.record({
    what: fc.constantFrom(
      "ready",
      "exit",
      "above ceiling",
      "below ceiling",
      "heartbeat check",
      "tick",
      "wait",
    ),
    which: fc.nat(9),
    afterMs: fc.constantFrom(0, 1, 100, 600, 6000, 21_000),
  });
  const steps = fc.array(step, { minLength: 20, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (workers, all) => {
      const lifecycle = new WorkerLifecycle({ ...policy, workers, maxRestarts: 1000 });
      const alive = new Set<number>();
      const apply = (actions: WorkerAction[], readyBefore: number) => {
        for (const action of actions) {
          if (action.action === "start") alive.add(action.id);
          assert.notEqual(action.action, "end");
        }
        assert.ok(alive.size <= workers + 1, `${alive.size} of ${workers}`);
        assert.equal(alive.size, lifecycle.processes.length);
        const ready = lifecycle.processes.filter(({ state }) => state === "ready").length;
        assert.ok(ready >= Math.min(readyBefore, workers - 1), `${ready} of ${readyBefore} ready`);
        for (let slot = 1; slot <= workers; slot++) {
          const inSlot = lifecycle.processes.filter(({ workerIndex }) => workerIndex === slot);
          assert.ok(inSlot.length <= 2);
          assert.ok(
            inSlot.length > 0 || lifecycle.dueAt !== undefined,
            "an empty slot waits for its restart",
          );
        }
      };
      let now = 0;
      apply(lifecycle.start(now), 0);
      for (const { what, which, afterMs } of all) {
        now += afterMs;
        const readyCount = () => lifecycle.processes.filter(({ state }) => state === "ready").length;
        apply(lifecycle.tick(now), readyCount());
        const process = lifecycle.processes[which % Math.max(1, lifecycle.processes.length)];
        if (what === "heartbeat check")
          for (let check = 0; check < 8; check++) apply(lifecycle.checkHeartbeats(), readyCount());
        if (!process) continue;
        const before = readyCount();
        if (what === "ready") apply(lifecycle.ready(process.id, now), before);
        if (what === "above ceiling" || what === "below ceiling")
          apply(lifecycle.heartbeat(process.id, what === "above ceiling" ? 150 : 50, now), before);
        if (what === "exit") {
          alive.delete(process.id);
          apply(
            lifecycle.exited(process.id, "exit code 1", false, now),
            before - (process.state === "ready" ? 1 : 0),
          );
        }
      }
    }),
    { numRuns: 300 },
  );
});
