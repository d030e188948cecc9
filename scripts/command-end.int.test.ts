import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { pollUntil } from "../host/poll.ts";
import {
  childrenOf,
  isAlive,
  type ProcessIdentity,
  startTimeOf,
  waitUntilGone,
} from "../host/process-table.ts";
import { projectRoot } from "./stack.ts";

/** Runs `npm run logs -- --follow`, which ends at a signal only. @returns npm and all of its descendants. */
async function following(t: TestContext): Promise<{ npm: ChildProcess; processes: ProcessIdentity[] }> {
  const npm = spawn("npm", ["run", "logs", "--", "--follow", "etcd"], { cwd: projectRoot, stdio: "ignore" });
  const pid = npm.pid ?? 0;
  const processes: ProcessIdentity[] = [{ pid, startTime: (await startTimeOf(pid)) ?? "" }];
  t.after(async () => {
    for (const each of processes) if (await isAlive(each)) process.kill(each.pid, "SIGKILL");
  });
  await pollUntil({ what: "the script", fix: "", timeoutMs: 15_000 }, async () => {
    let found = processes.slice(0, 1);
    for (let next = found; next.length > 0; found = [...found, ...next]) next = await childrenOf(next);
    const known = new Set(processes.map((each) => each.pid));
    processes.push(...found.filter((each) => !known.has(each.pid)));
    // npm, perhaps its shell, bootstrap.mjs and the script.
    return processes.length >= 3 && (await isFollowing(processes.at(-1)));
  });
  return { npm, processes };
}

async function isFollowing(script: ProcessIdentity | undefined): Promise<boolean> {
  const commandLine = await readFile(`/proc/${script?.pid}/cmdline`, "utf8").catch(() => "");
  return commandLine.includes("scripts/logs.ts") && !commandLine.includes("bootstrap.mjs");
}

for (const signal of ["SIGTERM", "SIGKILL"] as const)
  test(`no process of a command is left after ${signal} to npm alone`, async (t) => {
    const { npm, processes } = await following(t);
    npm.kill(signal);
    await once(npm, "close");
    assert.deepEqual(await waitUntilGone(processes, 10_000), []);
  });

test("no process of a command is left after SIGKILL to bootstrap.mjs", async (t) => {
  const { npm, processes } = await following(t);
  const bootstrap = processes.at(-2);
  assert.ok(bootstrap);
  process.kill(bootstrap.pid, "SIGKILL");
  await once(npm, "close");
  assert.deepEqual(await waitUntilGone(processes, 10_000), []);
});
