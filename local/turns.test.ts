import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { type TestContext, test } from "node:test";
import { holderOf } from "../host/named-lock.ts";
import { pollUntil } from "../host/poll.ts";

interface Command {
  child: ChildProcess;
  /** All that it has written to both outputs. */
  output(): string;
  ended: Promise<unknown>;
}

/** A command of this project in a process of its own. */
function command(t: TestContext, event: string, program: string): Command {
  const code = `import * as turns from "${import.meta.dirname}/turns.ts";
    const hold = () => new Promise((resolve) => { setInterval(() => {}, 1000); process.stdin.once("data", resolve); });
    ${program}; process.exit();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    env: { ...process.env, npm_lifecycle_event: event },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  t.after(() => child.kill("SIGKILL"));
  return { child, output: () => output, ended: new Promise((resolve) => child.once("close", resolve)) };
}

const until = (what: string, attempt: () => boolean | Promise<boolean>): Promise<unknown> =>
  pollUntil({ what, fix: "", timeoutMs: 20_000, intervalMs: 20 }, async () => attempt());

const deploy = (stack: string, name: string): string =>
  `await turns.inTurnOfStack("${stack}", "changes the stack", async () => { console.log("${name} begins"); await hold(); console.log("${name} ends"); })`;

test("a second command waits for the first, names it and begins when it has ended", async (t) => {
  const stack = randomUUID();
  const first = command(t, "start", deploy(stack, "first"));
  await until("the first", () => first.output().includes("first begins"));
  const second = command(t, "up", deploy(stack, "second"));
  const other = command(t, "up", deploy(randomUUID(), "other"));
  await until("the second to wait", () => second.output().includes("waiting"));
  await until("the other stack's command, which does not wait", () =>
    other.output().includes("other begins"),
  );
  assert.equal(
    second.output(),
    `  … waiting for npm start (pid ${first.child.pid}), which changes the stack\n`,
  );
  first.child.stdin?.write("go on\n");
  await first.ended;
  await until("the second", () => second.output().includes("second begins"));
});

test("a second command goes on when the first is killed", async (t) => {
  const stack = randomUUID();
  const first = command(t, "start", deploy(stack, "first"));
  await until("the first", () => first.output().includes("first begins"));
  const second = command(t, "up", deploy(stack, "second"));
  await until("the second to wait", () => second.output().includes("waiting"));
  first.child.kill("SIGKILL");
  await until("the second", () => second.output().includes("second begins"));
});

test("the holder of a lock reports its step, and nobody holds an unknown lock", async (t) => {
  assert.equal(await holderOf(randomUUID()), undefined);
  const stack = randomUUID();
  const building = `const { step } = await import("${import.meta.dirname}/../host/steps.ts");
    await turns.inTurnOfStack("${stack}", "prepares", () => step("Build", async () => { console.log("builds"); await hold(); }))`;
  const first = command(t, "start", building);
  await until("the first", () => first.output().includes("builds"));
  const second = command(t, "up", deploy(stack, "second"));
  await until("the second to wait", () => second.output().includes("waiting"));
  assert.match(second.output(), /which prepares: Build\n$/);
});
