import assert from "node:assert/strict";
import { test } from "node:test";
import { abort, resume } from "./next-step.ts";
import type { Release } from "./record.ts";
import { type ReleaseEnd, runRelease } from "./run-release.ts";
import { type Behaviour, images, Killed, SimulatedStack } from "./testing/simulated-stack.ts";

/** How a release of each behaviour ends: exit code, image that serves, and whether a canary is left. */
const table: Record<Behaviour, { exitCode: number; serving: string; canary: boolean; bothFail?: true }> = {
  good: { exitCode: 0, serving: images.next, canary: false },
  "invalid once": { exitCode: 0, serving: images.next, canary: false },
  slower: { exitCode: 99, serving: images.old, canary: false },
  "1 % of 500": { exitCode: 99, serving: images.old, canary: false },
  "500s under full load": { exitCode: 99, serving: images.old, canary: false },
  "crash under load": { exitCode: 99, serving: images.old, canary: false },
  "never ready": { exitCode: 99, serving: images.old, canary: false },
  "image missing": { exitCode: 99, serving: images.old, canary: false },
  "old fails too": { exitCode: 99, serving: images.old, canary: false, bothFail: true },
  "invalid at compare": { exitCode: 98, serving: images.old, canary: true },
  "invalid at full load": { exitCode: 98, serving: images.old, canary: true },
  "pulumi breaks": { exitCode: 1, serving: images.old, canary: false },
  "load test breaks": { exitCode: 1, serving: images.old, canary: false },
};

/** Runs the command until it ends, again after each kill. @returns also how often it was killed */
async function runToEnd(stack: SimulatedStack): Promise<ReleaseEnd> {
  for (;;) {
    try {
      const { ports, open } = await stack.ports();
      const begun = open ?? (await lastOf(stack)) ?? stack.release();
      if (begun.step === "ended") return { release: begun, exitCode: await codeOf(begun) };
      return await runRelease(begun, ports);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
}

/** A release that ended just before the process was killed is not begun again by this test. */
async function lastOf(stack: SimulatedStack): Promise<Release | undefined> {
  const { store } = await stack.ports();
  return (await store.load()).ended[0];
}

async function codeOf(release: Release): Promise<number> {
  return (await import("./next-step.ts")).exitCodeOf(release);
}

function check(stack: SimulatedStack, { release, exitCode }: ReleaseEnd, cell: string): void {
  const expected = table[stack.behaviour];
  assert.equal(exitCode, expected.exitCode, `${cell}: exit code`);
  assert.equal(stack.serving, expected.serving, `${cell}: image that serves`);
  assert.equal(stack.canary !== undefined, expected.canary, `${cell}: canary`);
  assert.equal(release.bothFail, expected.bothFail ?? false, `${cell}: both fail`);
  assert.deepEqual(stack.violations, [], cell);
  const passed = release.outcome === "passed";
  assert.equal(stack.stable.rollouts, passed ? 1 : 0, `${cell}: rollouts of the old pool`);
}

for (const behaviour of Object.keys(table) as Behaviour[])
  test(`a release that is "${behaviour}" ends the same when it is killed at any moment and resumed`, async () => {
    const whole = new SimulatedStack(behaviour);
    check(whole, await runToEnd(whole), "not killed");
    for (let moment = 0; moment < whole.actions; moment++) {
      const stack = new SimulatedStack(behaviour);
      stack.killAfter = moment;
      check(stack, await runToEnd(stack), `killed after ${moment} actions`);
    }
  });

for (const [behaviour, deployed] of [
  ["good", ["canary-up", "canary-traffic", "promote", "settle"]],
  ["never ready", ["canary-up", "remove-canary"]],
  ["slower", ["canary-up", "remove-canary"]],
  ["1 % of 500", ["canary-up", "canary-traffic", "weights-back", "remove-canary"]],
  ["crash under load", ["canary-up", "canary-traffic", "promote", "weights-back", "remove-canary"]],
] as const)
  test(`a release that is "${behaviour}" deploys no more than it has to, and takes the traffic back first`, async () => {
    const stack = await measuredActions(behaviour);
    assert.deepEqual(stack.deployed, deployed);
  });

test("a release that is killed twice, at any two moments, ends the same", async () => {
  for (const behaviour of ["good", "500s under full load"] as const) {
    const { actions } = await measuredActions(behaviour);
    for (let first = 0; first < actions; first += 3)
      for (let second = 0; second < actions; second += 3) {
        const stack = new SimulatedStack(behaviour);
        stack.killAfter = first;
        await runOnce(stack);
        stack.killAfter = second;
        check(stack, await runToEnd(stack), `killed after ${first} and ${second} actions`);
      }
  }
});

async function measuredActions(behaviour: Behaviour): Promise<SimulatedStack> {
  const stack = new SimulatedStack(behaviour);
  await runToEnd(stack);
  return stack;
}

/** Runs the command once, and lets it be killed. */
async function runOnce(stack: SimulatedStack): Promise<void> {
  const { ports, open } = await stack.ports();
  await runRelease(open ?? stack.release(), ports).catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
}

test("a release that is aborted after any kill is back at the old version, unless it has passed its gates", async () => {
  const { actions } = await measuredActions("good");
  for (let moment = 0; moment < actions; moment++) {
    const stack = new SimulatedStack("good");
    stack.killAfter = moment;
    await runOnce(stack);
    const { ports, open } = await stack.ports();
    if (open === undefined) continue;
    const facts = { now: stack.now(), hasPassedBefore: false };
    const back = abort(open, "by the user", facts);
    if (back === undefined) {
      assert.equal(open.step, "settle");
      continue;
    }
    const { release, exitCode } = await runRelease(back, ports);
    assert.equal(exitCode, 0);
    assert.equal(release.outcome, "aborted");
    assert.equal(stack.serving, images.old);
    assert.equal(stack.canary, undefined);
    assert.equal(stack.stable.rollouts, 0);
    assert.deepEqual(stack.violations, []);
  }
});

test("a held release keeps the weight of the canary, and measures again when it is resumed", async () => {
  for (const [behaviour, weights] of [
    ["invalid at compare", { stable: 100, canary: 0 }],
    ["invalid at full load", { stable: 90, canary: 10 }],
  ] as const) {
    const stack = new SimulatedStack(behaviour);
    const held = await runToEnd(stack);
    assert.equal(held.release.step, "held");
    assert.deepEqual(stack.weights, weights);
    const { ports, open } = await stack.ports();
    assert.ok(open);
    const before = stack.measured.length;
    const again = await runRelease(resume(open, { now: stack.now(), hasPassedBefore: false }), ports);
    assert.equal(again.exitCode, 98);
    assert.equal(stack.measured.length, before + 2);
    assert.deepEqual(stack.weights, weights);
  }
});

test("a version that has passed before skips the comparison and the canary's gate", async () => {
  const stack = new SimulatedStack("good");
  await runToEnd(stack);
  assert.deepEqual(stack.measured, ["compare", "canary-gate", "full-gate"]);
  stack.stable = { ...stack.stable, image: images.old };
  stack.measured.length = 0;
  const { ports } = await stack.ports();
  const { release, exitCode } = await runRelease(stack.release(), ports);
  assert.equal(exitCode, 0);
  assert.equal(release.fastTrack, true);
  assert.deepEqual(stack.measured, ["full-gate"]);
});

test("a release with --on-invalid back goes back after two invalid measurements", async () => {
  const stack = new SimulatedStack("invalid at compare");
  const { ports } = await stack.ports();
  const { exitCode, release } = await runRelease(stack.release({ onInvalid: "back" }), ports);
  assert.equal(exitCode, 1);
  assert.equal(release.outcome, "broken");
  assert.equal(stack.serving, images.old);
});

test("the record keeps the last ten releases", async () => {
  const stack = new SimulatedStack("good");
  for (let count = 0; count < 12; count++) {
    const { ports } = await stack.ports();
    await runRelease(stack.release(), ports);
  }
  const { store } = await stack.ports();
  const { ended, open, damaged } = await store.load();
  assert.equal(ended.length, 10);
  assert.equal(open, undefined);
  assert.deepEqual(damaged, []);
});
