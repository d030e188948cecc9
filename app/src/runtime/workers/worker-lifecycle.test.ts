import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fleet, type FleetAction, type FleetPolicy } from "./worker-lifecycle.ts";

const policy: FleetPolicy = {
  workers: 2,
  restartDelayMs: 500,
  minUptimeMs: 5000,
  maxRestarts: 3,
  listenTimeoutMs: 10_000,
  killTimeoutMs: 20_000,
  ceilingBytes: 100,
  silentBeats: 30,
};

/** Short: what was done to which process. */
const told = (actions: FleetAction[]) =>
  actions.map((action) => (action.do === "end" ? `end ${action.code}` : `${action.do} ${action.id}`));

/** A fleet whose workers 1 and 2 are ready and up for the least time, at the moment 10 000. */
function settled(changes: Partial<FleetPolicy> = {}): Fleet {
  const fleet = new Fleet({ ...policy, ...changes });
  fleet.start(0);
  for (const { id } of fleet.members) fleet.ready(id, 100);
  fleet.tick(10_000);
  return fleet;
}

test("all places are filled at the start, and nothing waits when all is well", () => {
  const fleet = new Fleet(policy);
  assert.deepEqual(told(fleet.start(0)), ["start 1", "start 2"]);
  assert.equal(fleet.dueAt, 10_000);
  assert.equal(settled().dueAt, undefined);
});

test("a worker that ends is restarted in its place, after the delay", () => {
  const fleet = settled();
  assert.deepEqual(fleet.exited(1, "signal SIGKILL", false, 20_000), []);
  assert.equal(fleet.dueAt, 20_500);
  assert.deepEqual(fleet.tick(20_499), []);
  assert.deepEqual(fleet.tick(20_500), [{ do: "start", id: 3, number: 1, why: "it ended" }]);
  assert.deepEqual(fleet.tick(20_501), []);
});

test("a worker that cannot start ends the pod after the maximum, the others leaving in order", () => {
  const fleet = settled();
  let now = 20_000;
  let id = 1;
  // The first end comes after a long time up.
  for (const ends of [0, 1, 2, 3]) {
    assert.deepEqual(fleet.exited(id, "exit code 1", false, now), [], `end ${ends}`);
    now += policy.restartDelayMs;
    const [action] = fleet.tick(now);
    assert.ok(action?.do === "start" && action.number === 1);
    id = action.id;
    now += 100;
  }
  assert.deepEqual(told(fleet.exited(id, "exit code 1", false, now)), ["leave 2"]);
  const [end] = fleet.exited(2, "exit code 0", true, now + 3000);
  assert.deepEqual(end, {
    do: "end",
    code: 1,
    why: "worker 1 ended too soon, 4 times in a row: exit code 1",
  });
  assert.deepEqual(fleet.tick(now + 60_000), []);
});

test("with a maximum of none the first such end is the pod's", () => {
  const fleet = new Fleet({ ...policy, maxRestarts: 0 });
  fleet.start(0);
  assert.deepEqual(told(fleet.exited(1, "exit code 1", false, 50)), ["kill 2"]);
  assert.deepEqual(fleet.exited(2, "signal SIGKILL", false, 60), [
    { do: "end", code: 1, why: "worker 1 ended too soon: exit code 1" },
  ]);
});

test("having been up for the least time clears the count", () => {
  const fleet = new Fleet(policy);
  fleet.start(0);
  fleet.ready(2, 100);
  let now = 0;
  for (let round = 0; round < 20; round++) {
    const member = fleet.members.find(({ number }) => number === 1);
    assert.ok(member);
    if (round % 3 === 0) fleet.ready(member.id, now);
    now += round % 3 === 0 ? policy.minUptimeMs : 100;
    assert.ok(
      !told(fleet.exited(member.id, "exit code 1", false, now)).includes("leave 2"),
      `round ${round}`,
    );
    now += policy.restartDelayMs;
    fleet.tick(now);
  }
});

test("a worker that is not ready in time is killed, which counts as an end too soon however long it took", () => {
  const fleet = new Fleet({ ...policy, maxRestarts: 0 });
  fleet.start(0);
  fleet.ready(2, 100);
  assert.deepEqual(told(fleet.tick(10_000)), ["kill 1"]);
  assert.deepEqual(fleet.tick(10_001), []);
  assert.deepEqual(told(fleet.exited(1, "signal SIGKILL", false, 10_010)), ["leave 2"]);
  const [end] = fleet.exited(2, "exit code 0", true, 10_900);
  assert.ok(end?.do === "end");
  assert.equal(end.why, "worker 1 ended too soon: it was not ready within 10000 ms");
});

test("at the ceiling the replacement is ready before the old one is told to leave", () => {
  const fleet = settled();
  assert.deepEqual(fleet.heard(1, 99, 20_000), []);
  assert.deepEqual(told(fleet.heard(1, 100, 20_000)), ["start 3"]);
  assert.deepEqual(fleet.heard(1, 120, 20_100), [], "only once");
  assert.deepEqual(fleet.heard(2, 120, 20_100), [], "one at a time");
  assert.deepEqual(told(fleet.ready(3, 20_500)), ["leave 1"]);
  assert.deepEqual(fleet.heard(2, 120, 20_600), [], "while the old one leaves");
  assert.deepEqual(fleet.exited(1, "exit code 0", true, 23_500), []);
  assert.equal(fleet.dueAt, 25_000);
  assert.deepEqual(told(fleet.heard(2, 120, 23_600)), ["start 4"]);
});

test("a replacement that cannot start leaves the old one alone, and is tried again after the delay", () => {
  const fleet = settled();
  fleet.heard(1, 100, 20_000);
  assert.deepEqual(fleet.exited(3, "exit code 1", false, 20_100), []);
  assert.deepEqual(fleet.heard(1, 100, 20_200), []);
  assert.deepEqual(told(fleet.heard(1, 100, 20_600)), ["start 4"]);
});

test("the old one may end while its replacement starts: the place is filled already", () => {
  const fleet = settled();
  fleet.heard(1, 100, 20_000);
  fleet.exited(1, "signal SIGKILL", false, 20_100);
  assert.deepEqual(fleet.ready(3, 20_400), []);
  assert.deepEqual(fleet.tick(29_000), []);
  assert.deepEqual(
    fleet.members.map(({ id }) => id),
    [2, 3],
  );
});

test("a worker at the ceiling from its start is not replaced before it was up for the least time", () => {
  const fleet = new Fleet(policy);
  fleet.start(0);
  fleet.ready(1, 100);
  assert.deepEqual(fleet.heard(1, 200, 1000), []);
  fleet.tick(5000);
  assert.deepEqual(told(fleet.heard(1, 200, 5001)), ["start 3"]);
});

test("who does not leave in time is killed, and is not restarted", () => {
  const fleet = settled();
  fleet.heard(1, 100, 20_000);
  fleet.ready(3, 20_500);
  assert.deepEqual(told(fleet.tick(40_500)), ["kill 1"]);
  assert.deepEqual(fleet.exited(1, "signal SIGKILL", false, 40_510), []);
  assert.deepEqual(fleet.tick(50_000), []);
  assert.equal(fleet.members.length, 2);
});

test("SIGTERM: all leave, nothing is started, and the end is clean when they were", () => {
  const fleet = settled();
  fleet.exited(1, "exit code 1", false, 19_900);
  assert.deepEqual(told(fleet.shutDown("SIGTERM", 20_000)), ["leave 2"]);
  assert.deepEqual(fleet.shutDown("SIGTERM", 20_001), []);
  assert.deepEqual(fleet.tick(21_000), []);
  assert.deepEqual(fleet.exited(2, "exit code 0", true, 23_000), [{ do: "end", code: 0, why: "SIGTERM" }]);
});

test("the end is not clean when one cut its requests, or had to be killed", () => {
  const cut = settled();
  cut.shutDown("SIGTERM", 20_000);
  cut.exited(1, "exit code 1", false, 23_000);
  assert.deepEqual(told(cut.exited(2, "exit code 0", true, 23_000)), ["end 1"]);
  const killed = settled();
  killed.shutDown("SIGTERM", 20_000);
  killed.exited(1, "exit code 0", true, 23_000);
  assert.deepEqual(told(killed.tick(40_000)), ["kill 2"]);
  assert.deepEqual(told(killed.exited(2, "signal SIGKILL", false, 40_010)), ["end 1"]);
});

test("who still starts when the pod leaves is killed, and no request with it", () => {
  const fleet = new Fleet(policy);
  fleet.start(0);
  assert.deepEqual(told(fleet.shutDown("SIGTERM", 50)), ["kill 1", "kill 2"]);
  assert.deepEqual(fleet.ready(1, 51), []);
  fleet.exited(1, "signal SIGKILL", false, 60);
  assert.deepEqual(told(fleet.exited(2, "signal SIGKILL", false, 60)), ["end 0"]);
});

test("with no worker left the pod leaves at once", () => {
  const fleet = new Fleet({ ...policy, workers: 1 });
  fleet.start(0);
  fleet.exited(1, "exit code 1", false, 10);
  assert.deepEqual(told(fleet.shutDown("SIGTERM", 20)), ["end 0"]);
});

test("a silent worker is killed, one at a time; one that speaks is not", () => {
  const fleet = settled();
  for (let beat = 1; beat < policy.silentBeats; beat++) assert.deepEqual(fleet.beat(), []);
  fleet.heard(2, 10, 40_000);
  assert.deepEqual(told(fleet.beat()), ["kill 1"]);
  for (let beat = 0; beat < 2 * policy.silentBeats; beat++) assert.deepEqual(fleet.beat(), []);
  fleet.exited(1, "signal SIGKILL", false, 41_000);
  const [start] = fleet.tick(41_500);
  assert.ok(start?.do === "start");
  fleet.ready(start.id, 41_900);
  assert.deepEqual(told(fleet.beat()), ["kill 2"]);
});

test("a worker at its ceiling waits for one that comes back beside an old one that still leaves", () => {
  const fleet = new Fleet({ ...policy, workers: 2, maxRestarts: 1000 });
  const heavy = 150;
  fleet.start(0);
  fleet.ready(1, 100);
  fleet.ready(2, 100);
  fleet.tick(6000);
  assert.deepEqual(told(fleet.heard(1, heavy, 6000)), ["start 3"]);
  assert.deepEqual(told(fleet.ready(3, 6100)), ["leave 1"]);
  fleet.exited(3, "exit code 1", false, 6200);
  assert.deepEqual(told(fleet.heard(2, heavy, 6300)), []);
  assert.deepEqual(told(fleet.tick(12_000)), ["start 4"]);
  assert.equal(fleet.members.length, 3);
});

test("never more than one process too many, nor by its own doing fewer than all but one ready", () => {
  const step = fc.record({
    what: fc.constantFrom("ready", "exit", "heavy", "light", "beat", "tick", "wait"),
    which: fc.nat(9),
    afterMs: fc.constantFrom(0, 1, 100, 600, 6000, 21_000),
  });
  const steps = fc.array(step, { minLength: 20, maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (workers, all) => {
      const fleet = new Fleet({ ...policy, workers, maxRestarts: 1000 });
      const alive = new Set<number>();
      const apply = (actions: FleetAction[], readyBefore: number) => {
        for (const action of actions) {
          if (action.do === "start") alive.add(action.id);
          assert.notEqual(action.do, "end");
        }
        assert.ok(alive.size <= workers + 1, `${alive.size} of ${workers}`);
        assert.equal(alive.size, fleet.members.length);
        const ready = fleet.members.filter(({ state }) => state === "ready").length;
        assert.ok(ready >= Math.min(readyBefore, workers - 1), `${ready} of ${readyBefore} ready`);
        for (let place = 1; place <= workers; place++) {
          const here = fleet.members.filter(({ number }) => number === place);
          assert.ok(here.length <= 2);
          assert.ok(here.length > 0 || fleet.dueAt !== undefined, "an empty place waits for its restart");
        }
      };
      let now = 0;
      apply(fleet.start(now), 0);
      for (const { what, which, afterMs } of all) {
        now += afterMs;
        const readyCount = () => fleet.members.filter(({ state }) => state === "ready").length;
        apply(fleet.tick(now), readyCount());
        const member = fleet.members[which % Math.max(1, fleet.members.length)];
        if (what === "beat") for (let beat = 0; beat < 8; beat++) apply(fleet.beat(), readyCount());
        if (!member) continue;
        const before = readyCount();
        if (what === "ready") apply(fleet.ready(member.id, now), before);
        if (what === "heavy" || what === "light")
          apply(fleet.heard(member.id, what === "heavy" ? 150 : 50, now), before);
        if (what === "exit") {
          alive.delete(member.id);
          apply(
            fleet.exited(member.id, "exit code 1", false, now),
            before - (member.state === "ready" ? 1 : 0),
          );
        }
      }
    }),
    { numRuns: 300 },
  );
});
