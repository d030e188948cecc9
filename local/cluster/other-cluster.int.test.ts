import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pollUntil } from "../../host/poll.ts";
import { findProcesses } from "../../host/process-table.ts";
import { otherServiceProxy, requireOnlyServiceProxy } from "./other-cluster.ts";

// A program that sleeps has the name of kube-proxy. Needs root for a network namespace.
let folder: string;
let program: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "other-cluster-"));
  program = join(folder, "kube-proxy");
  await copyFile("/bin/sleep", program);
});

after(() => rm(folder, { recursive: true }));

/** Starts a command that ends as the program, waits for the program, and ends it after `work`. */
async function whileRunning(command: readonly string[], work: () => Promise<void>): Promise<void> {
  const [file = "", ...args] = command;
  const child: ChildProcess = spawn(file, args, { stdio: "ignore" });
  const ended = once(child, "exit");
  try {
    await pollUntil({ what: "the program", fix: "see the test", timeoutMs: 10_000 }, async () => {
      const running = await findProcesses(([path]) => path === program);
      return running.some(({ pid }) => pid === child.pid);
    });
    await work();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

test("requireOnlyServiceProxy names the kube-proxy of another cluster in this network namespace", async () => {
  await whileRunning([program, "60"], async () => {
    assert.equal((await otherServiceProxy())?.name, "kube-proxy");
    await assert.rejects(
      requireOnlyServiceProxy(),
      /another Kubernetes cluster runs .*kube-proxy \(pid \d+\)/,
    );
  });
});

test("otherServiceProxy finds no kube-proxy in another network namespace", async () => {
  await whileRunning(["unshare", "--net", program, "60"], async () => {
    assert.equal(await otherServiceProxy(), undefined);
  });
});
