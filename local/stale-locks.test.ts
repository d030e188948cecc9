import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeStaleLocks } from "./stale-locks.ts";

test("removeStaleLocks removes only the locks of ended processes, also when another process has the PID now", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "state-"));
  t.after(() => rmSync(state, { recursive: true }));
  const folder = join(state, ".pulumi/locks/organization/breakwater/local");
  mkdirSync(folder, { recursive: true });
  const lock = (name: string, pid: number, host: string, timestamp: Date) => {
    writeFileSync(
      join(folder, `${name}.json`),
      JSON.stringify({ pid, username: "root", hostname: host, timestamp }),
    );
    writeFileSync(join(folder, `${name}.json.attrs`), "{}");
  };
  const never = 2 ** 22 + 1;
  lock("held", process.pid, hostname(), new Date());
  lock("gone", never, hostname(), new Date());
  lock("reused", process.pid, hostname(), new Date(Date.now() - 3_600_000));
  // The machine had another name, and a pulumi runs, which may be in a container.
  const env = { ...process.env, PULUMI_BACKEND_URL: `file://${state}` };
  const running = spawn("sleep", ["300"], { env });
  t.after(() => running.kill("SIGKILL"));
  lock("renamed", never, "another-name", new Date(Date.now() - 3_600_000));
  lock("elsewhere", never, "another-name", new Date());
  writeFileSync(join(folder, "empty.json"), "");
  writeFileSync(join(folder, "half.json"), '{"pid": 1');
  writeFileSync(join(folder, "null.json"), "null");
  const removed = await removeStaleLocks(state);
  assert.deepEqual(removed.map((file) => file.slice(folder.length + 1)).sort(), [
    "empty.json",
    "gone.json",
    "half.json",
    "null.json",
    "renamed.json",
    "reused.json",
  ]);
  assert.deepEqual(readdirSync(folder).sort(), [
    "elsewhere.json",
    "elsewhere.json.attrs",
    "held.json",
    "held.json.attrs",
  ]);

  running.kill("SIGKILL");
  await new Promise((resolve) => running.once("close", resolve));
  assert.deepEqual(await removeStaleLocks(state), [join(folder, "elsewhere.json")]);
});

test("removeStaleLocks finds no lock when the backend was never used", async () => {
  assert.deepEqual(await removeStaleLocks(join(tmpdir(), "never-made")), []);
});
