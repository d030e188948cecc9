import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { containerProcesses } from "./container-processes.ts";

const id = "2b59208945aa74366db055b125cf3d73f396451fdd1112fd1d4d5a8595d4d2f8";
const other = id.replace("2b", "3c");
const pod = "pod3ac52380-c664-4922-8ba4-73b0fc742a8d";

async function found(
  processes: Record<string, { cgroup: string; status?: string }>,
  containerId = id,
): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "proc-"));
  try {
    for (const [pid, files] of Object.entries(processes)) {
      await mkdir(join(folder, pid));
      await writeFile(join(folder, pid, "cgroup"), files.cgroup);
      await writeFile(join(folder, pid, "status"), files.status ?? "Name:\tx\n");
    }
    return await containerProcesses(containerId, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("containerProcesses finds only the container's processes, in every cgroup layout", async () => {
  const processes = {
    100: { cgroup: `9:name=systemd:/kubepods/burstable/${pod}/${id}\n0::/\n` },
    101: {
      cgroup: `0::/kubepods.slice/kubepods-${pod.replaceAll("-", "_")}.slice/cri-containerd-${id}.scope\n`,
    },
    102: { cgroup: `0::/kubepods/${pod}/${id}/workers\n` },
    103: { cgroup: `0::/kubepods/${pod}/${other}\n` },
    104: { cgroup: `0::/kubepods/${pod}/crio-conmon-${id}.scope\n` },
    105: { cgroup: `0::/kubepods/${pod}\n` },
    self: { cgroup: `0::/kubepods/${pod}/${id}\n` },
  };
  assert.deepEqual((await found(processes)).sort(), [100, 101, 102]);
});

test("containerProcesses returns the main process first, by its PID in the namespace", async () => {
  const cgroup = `0::/kubepods/${pod}/${id}\n`;
  const pids = await found({
    200: { cgroup, status: "Name:\tworker\nNSpid:\t200\t14\n" },
    300: { cgroup, status: "Name:\tnode\nNSpid:\t300\t1\n" },
    400: { cgroup, status: "Name:\tgone\n" },
  });
  assert.deepEqual(pids, [300, 200, 400]);
});

test("containerProcesses refuses a container with this process, its parent or PID 1", async () => {
  const cgroup = `0::/kubepods/${pod}/${id}\n`;
  for (const pid of [1, process.pid, process.ppid]) {
    await assert.rejects(found({ 100: { cgroup }, [pid]: { cgroup } }), /is not one of container/);
  }
});

test("containerProcesses compares the ID as a whole", async () => {
  const cgroup = `0::/kubepods/${pod}/${id}\n`;
  assert.deepEqual(await found({ 100: { cgroup } }, ".*"), []);
  assert.deepEqual(await found({ 100: { cgroup } }, ""), []);
});

test("containerProcesses is empty when there is no /proc", async () => {
  assert.deepEqual(await containerProcesses(id, join(tmpdir(), "no-such-folder")), []);
});
