// Needs a process of its own: it sends signals to this process.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { endOf, runForeground } from "./foreground.ts";
import { onInterrupt } from "./interrupts.ts";

/** Runs a shell program that writes "ready" to a file, and calls `during` then. */
async function run(t: TestContext, program: string, during: (pid: number) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "foreground-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "signals");
  const repeats: boolean[] = [];
  let pid = 0;
  // A signal of the test before counts as the same Ctrl-C for a second.
  await sleep(1100);
  const ended = runForeground("sh", ["-c", program, "sh", file], {
    cwd: folder,
    env: process.env,
    onInterrupt: (isRepeated) => repeats.push(isRepeated),
    onStart: async (started) => {
      pid = started;
    },
  });
  let isRunning = true;
  ended.finally(() => {
    isRunning = false;
  });
  while (!existsSync(file)) await sleep(10);
  t.after(() => {
    if (isRunning) process.kill(pid, "SIGKILL");
  });
  await during(pid);
  return { ...(await ended), repeats, text: readFileSync(file, "utf8") };
}

const interrupt = (): void => {
  process.kill(process.pid, "SIGINT");
};

test("runForeground passes one Ctrl-C on once, however often it arrives, and waits for the orderly end", async (t) => {
  const program = `trap 'echo INT >> "$1"; : > "$1.end"' INT
    echo ready > "$1"; until [ -e "$1.end" ]; do sleep 0.05; done; sleep 0.3; exit 7`;
  const outcome = await run(t, program, async () => {
    for (const _ of [1, 2, 3]) {
      interrupt();
      await sleep(20);
    }
  });
  assert.deepEqual(outcome, {
    exitCode: 7,
    signal: null,
    wasInterrupted: true,
    repeats: [false],
    text: "ready\nINT\n",
  });
});

test("runForeground passes a second Ctrl-C on", async (t) => {
  const program = `trap 'echo INT >> "$1"; [ -e "$1.first" ] && exit 8; : > "$1.first"' INT
    echo ready > "$1"; while :; do sleep 0.05; done`;
  const outcome = await run(t, program, async () => {
    interrupt();
    await sleep(1100);
    interrupt();
  });
  assert.deepEqual([outcome.exitCode, outcome.repeats], [8, [false, true]]);
});

test("runForeground reports the signal that ended the program", async (t) => {
  const outcome = await run(t, `echo ready > "$1"; while :; do sleep 0.05; done`, async (pid) => {
    process.kill(pid, "SIGKILL");
  });
  assert.deepEqual([outcome.exitCode, outcome.signal, outcome.wasInterrupted], [null, "SIGKILL", false]);
  assert.equal(endOf("pulumi up", outcome), "pulumi up was ended by SIGKILL");
  assert.equal(endOf("pulumi up", { exitCode: 255, signal: null }), "pulumi up failed with exit code 255");
});

test("runForeground refuses a program that does not exist", async () => {
  await assert.rejects(runForeground("/no/such/program", [], { cwd: "/", env: process.env }), {
    name: "UserError",
    message: /^\/no\/such\/program could not be started: /,
  });
});

test("onInterrupt lets the newest handler react, and the one before it after that", async () => {
  const calls: string[] = [];
  const releaseFirst = onInterrupt(() => calls.push("first"));
  const releaseSecond = onInterrupt(() => calls.push("second"));
  await sleep(1100);
  interrupt();
  await sleep(1100);
  releaseSecond();
  interrupt();
  await sleep(50);
  releaseFirst();
  assert.deepEqual(calls, ["second", "first"]);
  assert.equal(process.listenerCount("SIGINT"), 0);
});
