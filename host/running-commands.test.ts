// Needs a process of its own: it ends the programs of this process.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pollUntil } from "./poll.ts";
import { isAlive, startTimeOf } from "./process-table.ts";
import { tryCommand } from "./run-command.ts";
import { endCommands, runningCommands } from "./running-commands.ts";

test("endCommands interrupts the programs of this process with their children, and none is started after it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "running-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  // Like apt-get, it finishes what it has begun.
  const orderly = `trap 'sleep 0.3; echo done > ${file("orderly")}; exit 5' INT; : > ${file("ready")}; while :; do sleep 0.05; done`;
  const first = tryCommand("sh", ["-c", orderly]);
  // Like go, it has children, which a signal to itself alone does not reach. Those of a shell in the background ignore SIGINT.
  const parent = `sleep 300 & echo $! > ${file("child")}; wait`;
  const second = tryCommand("bash", ["-c", parent], { isBackground: true });
  await pollUntil({ what: "the programs", fix: "", timeoutMs: 10_000, intervalMs: 10 }, async () => {
    const child = existsSync(file("child")) && readFileSync(file("child"), "utf8").trim() !== "";
    return child && existsSync(file("ready"));
  });
  assert.deepEqual(runningCommands(), ["sh", "bash"]);
  const pid = Number(readFileSync(file("child"), "utf8"));
  const child = { pid, startTime: (await startTimeOf(pid)) ?? "" };
  assert.ok(await isAlive(child));

  await endCommands();

  assert.equal(readFileSync(file("orderly"), "utf8"), "done\n");
  assert.equal((await first).exitCode, 5);
  assert.notEqual((await second).exitCode, 0);
  await sleep(50);
  assert.ok(!(await isAlive(child)));
  assert.deepEqual(runningCommands(), []);
  await assert.rejects(tryCommand("true", []), /true was not started, because this command ends/);
});
