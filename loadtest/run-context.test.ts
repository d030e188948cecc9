import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { StepPrinter } from "../host/steps.ts";
import { parseCommand } from "./cli/command-line.ts";
import { Run } from "./run-context.ts";
import { sampleScenarios, sampleStack } from "./testing/samples.ts";

function makeRun(args: string[] = [], signal = new AbortController().signal) {
  let output = "";
  const progress = new StepPrinter({ write: (text) => (output += text) });
  const run = new Run({
    command: parseCommand(args, {}),
    outputs: sampleStack(),
    scenarios: sampleScenarios(),
    progress,
    signal,
  });
  return { run, outputText: () => output };
}

test("withUndo runs the steps in reverse order after the work", async () => {
  const { run } = makeRun();
  const calls: string[] = [];
  const result = await run.withUndo(async () => {
    run.onUndo(async () => void calls.push("first"));
    run.onUndo(async () => void calls.push("second"));
    calls.push("work");
    return 7;
  });
  assert.deepEqual([result, calls], [7, ["work", "second", "first"]]);
  assert.deepEqual(run.problems.broken, []);
});

test("withUndo undoes earlier preparations when a later one fails", async () => {
  const { run } = makeRun();
  const calls: string[] = [];
  const work = run.withUndo(async () => {
    run.onUndo(async () => void calls.push("pods removed"));
    throw new UserError("the stack is not ready", "see why", { exitCode: 2 });
  });
  await assert.rejects(work, (error: Error) => {
    assert.ok(error instanceof UserError);
    assert.deepEqual([error.message, error.fix, error.exitCode], ["the stack is not ready", "see why", 2]);
    return true;
  });
  assert.deepEqual(calls, ["pods removed"]);
});

test("withUndo runs every step when one fails, and collects the failures", async () => {
  const { run } = makeRun();
  const calls: string[] = [];
  await run.withUndo(async () => {
    run.onUndo(async () => void calls.push("first"));
    run.onUndo(() => Promise.reject(new Error("the fault stays")));
    run.onUndo(() => {
      throw new Error("the observer stays");
    });
  });
  assert.deepEqual(calls, ["first"]);
  assert.deepEqual(run.problems.broken, ["the observer stays", "the fault stays"]);
});

test("withUndo reports failed steps with the error of the work", async () => {
  const { run } = makeRun();
  const work = run.withUndo(async () => {
    run.onUndo(() => Promise.reject(new Error("the pods stay")));
    throw new UserError("the stack is not ready", "see why");
  });
  await assert.rejects(work, {
    message: "the stack is not ready; then, while undoing: the pods stay",
    fix: "see why",
  });
});

test("withUndo undoes when the run is interrupted", async () => {
  const controller = new AbortController();
  const { run } = makeRun([], controller.signal);
  const calls: string[] = [];
  await assert.rejects(
    run.withUndo(async () => {
      run.onUndo(async () => void calls.push("undone"));
      controller.abort(new Error("interrupted"));
      run.signal.throwIfAborted();
    }),
    /^Error: interrupted$/,
  );
  assert.deepEqual(calls, ["undone"]);
});

test("withUndo prints a failed step", async () => {
  const { run, outputText } = makeRun();
  await run.withUndo(async () => {
    run.onUndo(() => Promise.reject(new Error("no")), "undoing the fault");
    await run.progress.step("waiting for the pods", async () => {});
  });
  assert.match(outputText(), /✓ waiting for the pods 0\.\ds\n {2}✗ undoing the fault 0\.\ds\n/);
});

test("settingsOf prefers the command line to the scenario, and the scenario to the stack", () => {
  const [scenario] = sampleScenarios();
  assert.ok(scenario);
  const { run } = makeRun(["--connections", "3"]);
  const settings = run.settingsOf({ ...scenario, connections: 5, durationSeconds: 9 });
  assert.deepEqual(settings, { connections: 3, durationSeconds: 9, warmupSeconds: 1, rate: undefined });
});
