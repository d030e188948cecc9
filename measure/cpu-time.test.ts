import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cgroupCpuSeconds, processCpuSeconds, statCpuSeconds } from "./cpu-time.ts";

const ownSeconds = () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;

/** Uses so much CPU time, by the process's own account: how long that takes does not matter. */
function useCpu(seconds: number): void {
  const until = ownSeconds() + seconds;
  while (ownSeconds() < until);
}

/** The folder of the group that this process is in, by whichever version of cgroups accounts for CPU here. */
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

test("a process's CPU time is what the process itself counts", async () => {
  const before = ownSeconds();
  useCpu(0.2);
  const between = await processCpuSeconds(process.pid);
  const after = ownSeconds();
  // Each of the two figures that /proc adds is cut to a tick.
  assert.ok(between >= before + 0.2 - 0.03 && between <= after + 0.03, `${before} ${between} ${after}`);
});

test("a group's CPU time grows by at least what one of its processes uses", (t) => {
  const folder = ownGroup();
  if (folder === undefined) return t.skip("no cgroup accounts for CPU here");
  return (async () => {
    const before = await cgroupCpuSeconds(folder);
    useCpu(0.2);
    const used = (await cgroupCpuSeconds(folder)) - before;
    assert.ok(used >= 0.19, `${used} of 0.2 s`);
  })();
});

test("reads cgroup v2 and v1, and is not misled by the cpu.stat of v1", async () => {
  await folderWith({ "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\n" }, async (folder) =>
    assert.equal(await cgroupCpuSeconds(folder), 2.5),
  );
  await folderWith(
    { "cpu.stat": "nr_periods 10\nthrottled_time 7\n", "cpuacct.usage": "1250000000\n" },
    async (folder) => assert.equal(await cgroupCpuSeconds(folder), 1.25),
  );
});

test("says which folder tells nothing", async () => {
  await folderWith({ "cpu.stat": "nr_periods 10\n" }, async (folder) => {
    await assert.rejects(cgroupCpuSeconds(folder), (error: Error) => error.message.startsWith(folder));
  });
});

test("a name with spaces and parentheses does not shift the fields", () => {
  const line = "12 (node (a) b) S 1 12 12 0 -1 4194304 100 0 0 0 150 50 7 7 20 0 11 0 100 0 0";
  assert.equal(statCpuSeconds(line), 2);
  assert.throws(() => statCpuSeconds("nothing"), /not a line/);
});

test("says which process is gone", async () => {
  // Above the largest id that Linux gives.
  await assert.rejects(processCpuSeconds(2 ** 22 + 1), /process 4194305 tells no CPU time/);
});
