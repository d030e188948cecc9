import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pollUntil } from "../../host/poll.ts";
import { childrenOf, startTimeOf, waitUntilGone } from "../../host/process-table.ts";
import { boundLogs } from "./log-keeper.ts";

const limit = 20_000;
const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
const until = (what: string, attempt: () => Promise<boolean>): Promise<unknown> =>
  pollUntil({ what, fix: "", timeoutMs: 20_000, intervalMs: 20 }, attempt);

test("the log keeper bounds a log that its daemon keeps open, and keeps the part before", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "logs-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "noisy.log");
  const log = await open(path, "a", 0o600);
  t.after(() => log.close());
  const other = await open(join(folder, "quiet.log"), "a");
  await other.appendFile("kept\n");
  await other.close();

  const keeper = spawn("/bin/sh", [boundLogs, folder, String(limit), "0.05"]);
  t.after(() => keeper.kill("SIGKILL"));
  let line = 0;
  for (const _ of [1, 2, 3]) {
    while ((await sizeOf(path)) <= limit) await log.appendFile(`line ${++line} ${"x".repeat(500)}\n`);
    await until("an empty log", async () => (await sizeOf(path)) === 0);
  }
  const before = await readFile(`${path}.1`, "utf8");
  assert.ok(before.length <= limit);
  assert.ok(before.endsWith(`line ${line} ${"x".repeat(500)}\n`));
  await log.appendFile("after\n");
  assert.equal(await readFile(path, "utf8"), "after\n");
  assert.equal(await readFile(join(folder, "quiet.log"), "utf8"), "kept\n");

  const identity = { pid: keeper.pid ?? 0, startTime: (await startTimeOf(keeper.pid ?? 0)) ?? "" };
  let children = await childrenOf([identity]);
  await until("its pause", async () => {
    children = await childrenOf([identity]);
    return children.length > 0;
  });
  keeper.kill("SIGTERM");
  await once(keeper, "exit");
  assert.deepEqual(await waitUntilGone(children, 5_000), []);
});
