import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pollUntil } from "./poll.ts";
import { isAlive, type ProcessIdentity, startTimeOf, waitUntilGone } from "./process-table.ts";

/** Runs a command of this project that runs a compiler with a child, each of which ends at SIGTERM only. */
async function compiling(t: TestContext, options: string) {
  const folder = mkdtempSync(join(tmpdir(), "interruptible-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "pids");
  const compiler = `process.on("SIGINT", () => {}); process.on("SIGHUP", () => {}); setInterval(() => {}, 1000);`;
  const child = `${compiler} require("fs").appendFileSync("${file}", process.pid + "\\n");`;
  const parent = `${child} require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]);`;
  const program = `
    import { interruptible } from "${import.meta.dirname}/interruptible.ts";
    import { runCommand } from "${import.meta.dirname}/run-command.ts";
    await interruptible("npm run up", () =>
      runCommand(process.execPath, ["-e", ${JSON.stringify(parent)}], ${options}));`;
  const command = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  command.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => command.once("close", resolve));
  const pids = await pollUntil({ what: "the compiler", fix: stderr, timeoutMs: 20_000 }, async () => {
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    return lines.length === 2 && lines.map(Number);
  });
  const compilers: ProcessIdentity[] = [];
  for (const pid of pids) compilers.push({ pid, startTime: (await startTimeOf(pid)) ?? "" });
  t.after(async () => {
    for (const each of compilers) if (await isAlive(each)) process.kill(each.pid, "SIGKILL");
  });
  return { command, ended, compilers, output: () => stderr };
}

test("interruptible ends the programs and their children before the process, whichever process gets the signal", async (t) => {
  const { command, ended, compilers, output } = await compiling(t, "{ isBackground: true }");
  command.kill("SIGTERM");
  assert.equal(await ended, 130);
  for (const each of compilers) assert.ok(!(await isAlive(each)));
  assert.match(output(), /^\n✗ interrupted\n {2}the next npm run up goes on\n {2}… waiting for the end of /);
  assert.doesNotMatch(output(), /exited with|was ended by/);
});

test("a program in the background gets SIGTERM when its parent is killed", async (t) => {
  const { command, ended, compilers } = await compiling(t, "{ isBackground: true }");
  command.kill("SIGKILL");
  const [parent] = compilers;
  assert.ok(parent);
  assert.deepEqual(await waitUntilGone([parent], 10_000), []);
  // Its child, like a compiler of go, ends with its work.
  for (const each of compilers.slice(1)) process.kill(each.pid, "SIGTERM");
  await ended;
});
