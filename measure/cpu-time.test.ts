import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  busySeconds,
  cgroupCpuSeconds,
  machineCpuSeconds,
  processCpuSeconds,
  statCpuSeconds,
} from "./cpu-time.ts";

const ownSeconds = () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;

/** Uses this much CPU time, as process.cpuUsage() counts it. */
function useCpu(seconds: number): void {
  const until = ownSeconds() + seconds;
  while (ownSeconds() < until);
}

/** The folder of this process's control group, in the cgroup version that counts CPU time here. */
function ownGroup(): string | undefined {
  const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
  const folders = lines.flatMap((line) => {
    const [, controllers = "", path = ""] = line.split(":");
    if (controllers === "") return [join("/sys/fs/cgroup", path)];
    return controllers.split(",").includes("cpuacct") ? [join("/sys/fs/cgroup", controllers, path)] : [];
  });
  return folders.find(
    (folder) =>
      existsSync(join(folder, "cpuacct.usage")) ||
      (existsSync(join(folder, "cpu.stat")) &&
        readFileSync(join(folder, "cpu.stat"), "utf8").includes("usage_usec")),
  );
}

async function folderWith(files: Record<string, string>, use: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "cgroup-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("processCpuSeconds agrees with process.cpuUsage()", async () => {
  const before = ownSeconds();
  useCpu(0.2);
  const between = await processCpuSeconds(process.pid);
  const after = ownSeconds();
  // /proc rounds user and kernel time down to a tick each.
  assert.ok(between >= before + 0.2 - 0.03 && between <= after + 0.03, `${before} ${between} ${after}`);
});

test("cgroupCpuSeconds grows by at least the CPU time of one of its processes", (t) => {
  const folder = ownGroup();
  if (folder === undefined) return t.skip("no cgroup accounts for CPU here");
  return (async () => {
    const before = await cgroupCpuSeconds(folder);
    useCpu(0.2);
    const used = (await cgroupCpuSeconds(folder)) - before;
    assert.ok(used >= 0.19, `${used} of 0.2 s`);
  })();
});

test("cgroupCpuSeconds reads cgroup v2 and v1, and ignores the cpu.stat of v1", async () => {
  await folderWith({ "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\n" }, async (folder) =>
    assert.equal(await cgroupCpuSeconds(folder), 2.5),
  );
  await folderWith(
    { "cpu.stat": "nr_periods 10\nthrottled_time 7\n", "cpuacct.usage": "1250000000\n" },
    async (folder) => assert.equal(await cgroupCpuSeconds(folder), 1.25),
  );
});

test("cgroupCpuSeconds names the folder when it has no CPU time", async () => {
  await folderWith({ "cpu.stat": "nr_periods 10\n" }, async (folder) => {
    await assert.rejects(cgroupCpuSeconds(folder), (error: Error) => error.message.startsWith(folder));
  });
});

test("statCpuSeconds finds the fields when the name has spaces and parentheses", () => {
  const line = "12 (node (a) b) S 1 12 12 0 -1 4194304 100 0 0 0 150 50 7 7 20 0 11 0 100 0 0";
  assert.equal(statCpuSeconds(line), 2);
  assert.throws(() => statCpuSeconds("nothing"), /not a line/);
});

test("processCpuSeconds names the process when it does not exist", async () => {
  // Above the largest id that Linux gives.
  await assert.rejects(processCpuSeconds(2 ** 22 + 1), /process 4194305 has no CPU time/);
});

test("busySeconds counts neither idle time nor waiting for disks nor time that the host took", () => {
  const text = "cpu  100 20 300 5000 7000 40 50 600 70 8\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
  assert.equal(busySeconds(text), (100 + 20 + 300 + 40 + 50) / 100);
  assert.throws(() => busySeconds("cpu0 1 2 3 4 5 6 7\n"), /not the text of \/proc\/stat/);
});

test("machineCpuSeconds includes the CPU time of this process", {
  skip: process.platform !== "linux",
}, async () => {
  const before = await machineCpuSeconds();
  useCpu(0.2);
  assert.ok((await machineCpuSeconds()) - before >= 0.15);
});
