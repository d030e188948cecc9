import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import {
  childrenOf,
  findProcesses,
  isAlive,
  type ProcessIdentity,
  residentBytes,
  sendSignal,
  startTimeOf,
  waitUntilGone,
} from "./process-table.ts";

async function sleeper(seconds: string): Promise<ProcessIdentity> {
  const child = spawn("sleep", [seconds]);
  await new Promise((resolve) => child.once("spawn", resolve));
  assert.ok(child.pid);
  const startTime = await startTimeOf(child.pid);
  assert.ok(startTime);
  return { pid: child.pid, startTime };
}

test("sendSignal sends nothing to a later process with the same PID", async () => {
  const process_ = await sleeper("61");
  const earlier = { pid: process_.pid, startTime: "1" };
  assert.equal(await isAlive(earlier), false);
  await sendSignal(earlier, "SIGKILL");
  assert.equal(await isAlive(process_), true);
  await sendSignal(process_, "SIGKILL");
  assert.deepEqual(await waitUntilGone([process_], 5_000), []);
});

test("waitUntilGone returns the processes that outlast the time", async () => {
  const process_ = await sleeper("62");
  assert.deepEqual(await waitUntilGone([process_], 0), [process_]);
  await sendSignal(process_, "SIGKILL");
  assert.deepEqual(await waitUntilGone([process_], 5_000), []);
});

test("findProcesses finds processes by arguments, and childrenOf by parent", async () => {
  const process_ = await sleeper("63.25");
  const itself = await startTimeOf(process.pid);
  assert.ok(itself);
  assert.deepEqual(await findProcesses(([, seconds]) => seconds === "63.25"), [process_]);
  const children = await childrenOf([{ pid: process.pid, startTime: itself }]);
  assert.ok(children.some(({ pid }) => pid === process_.pid));
  await sendSignal(process_, "SIGKILL");
  await waitUntilGone([process_], 5_000);
  assert.deepEqual(await findProcesses(([, seconds]) => seconds === "63.25"), []);
});

test("residentBytes returns the memory of a process, and 0 when it has ended", async () => {
  assert.ok((await residentBytes(process.pid)) > 1024 ** 2);
  assert.equal(await residentBytes(2 ** 30), 0);
});
