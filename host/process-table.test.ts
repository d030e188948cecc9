import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { test } from "node:test";
import {
  childrenOf,
  endedChildrenCpuSeconds,
  findProcesses,
  isAlive,
  type ProcessIdentity,
  proportionalBytes,
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

test("proportionalBytes returns a part of the memory, and 0 when the process has ended", async () => {
  const proportional = await proportionalBytes(process.pid);
  assert.ok(proportional > 1024 ** 2);
  assert.ok(proportional < 2 * (await residentBytes(process.pid)));
  assert.equal(await proportionalBytes(2 ** 30), 0);
});

test("endedChildrenCpuSeconds counts children of children", async () => {
  const before = await endedChildrenCpuSeconds();
  const busy = `for (const end = process.cpuUsage().user + 3e5; process.cpuUsage().user < end; );`;
  execFileSync("sh", ["-c", `"$0" -e '${busy}'; :`, process.execPath]);
  assert.ok((await endedChildrenCpuSeconds()) - before >= 0.3);
});
