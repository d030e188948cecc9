import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { runCommand, tryCommand } from "./run-command.ts";

test("runCommand returns standard output and passes each line of both outputs on", async () => {
  const lines: string[] = [];
  const script = "printf 'one\\ntwo'; sleep 0.05; echo three >&2";
  const stdout = await runCommand("sh", ["-c", script], { onLine: (line) => lines.push(line) });
  assert.equal(stdout, "one\ntwo");
  assert.deepEqual(lines.sort(), ["one", "three", "two"]);
});

test("runCommand gives the command its input, environment and folder", async () => {
  const options = { input: "typed", env: { ...process.env, WORD: "set" }, cwd: "/" };
  assert.equal(await runCommand("sh", ["-c", 'cat; echo " $WORD $PWD"'], options), "typed set /\n");
});

test("runCommand reports the exit code, the last lines and the fix of a command that fails", async () => {
  await assert.rejects(
    runCommand("sh", ["-c", "echo no room >&2; exit 3"], { fix: "make room" }),
    (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^sh -c .* exited with 3\n {2}no room$/);
      assert.equal(error.fix, "make room");
      return true;
    },
  );
});

test("runCommand ends a command after its time-out", async () => {
  await assert.rejects(runCommand("sleep", ["60"], { timeoutMs: 20 }), /sleep 60 was ended by SIGTERM/);
});

test("tryCommand returns the exit code of a command that fails", async () => {
  const { exitCode, stdout, stderr } = await tryCommand("sh", ["-c", "echo a; echo b >&2; exit 4"]);
  assert.deepEqual([exitCode, stdout, stderr], [4, "a\n", "b\n"]);
});

test("tryCommand refuses a program that does not exist", async () => {
  await assert.rejects(tryCommand("/no/such/program", []), {
    name: "UserError",
    message: /^\/no\/such\/program could not be started: /,
  });
});

test("tryCommand ends a command that ignores SIGTERM when the signal of its time limit is SIGKILL", async () => {
  const result = await tryCommand("sh", ["-c", "trap '' TERM; while :; do sleep 0.05; done"], {
    timeoutMs: 200,
    timeoutSignal: "SIGKILL",
  });
  assert.equal(result.signal, "SIGKILL");
});
