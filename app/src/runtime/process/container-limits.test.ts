import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { cpuQuota, memoryInUse, memoryLimit } from "./container-limits.ts";

function tree(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), "cgroup-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }
  return root;
}

const MiB = 1024 ** 2;

test("v2: the container's own group is the root", (t) => {
  const root = tree(t, { "cpu.max": "50000 100000", "memory.max": String(192 * MiB) });
  assert.equal(cpuQuota(root, "0::/"), 0.5);
  assert.equal(memoryLimit(root, "0::/"), 192 * MiB);
});

test("v2: the tightest of all groups above counts, and none is no limit", (t) => {
  const root = tree(t, {
    "pod/cpu.max": "30000 100000",
    "pod/app/cpu.max": "max 100000",
    "pod/memory.max": String(64 * MiB),
    "pod/app/memory.max": "max",
  });
  assert.equal(cpuQuota(root, "0::/pod/app"), 0.3);
  assert.equal(memoryLimit(root, "0::/pod/app"), 64 * MiB);
});

test("v1: quota and limit are in the controllers' own trees", (t) => {
  const root = tree(t, {
    "cpu/cpu.cfs_quota_us": "25000",
    "cpu/cpu.cfs_period_us": "100000",
    "memory/memory.limit_in_bytes": String(128 * MiB),
  });
  // In a container the mounted root is the own group, though the file names the host's path.
  const groups = "4:cpu,cpuacct:/kubepods/pod1/abc\n3:memory:/kubepods/pod1/abc\n";
  assert.equal(cpuQuota(root, groups), 0.25);
  assert.equal(memoryLimit(root, groups), 128 * MiB);
});

test("without a quota or limit it is the machine's", (t) => {
  const root = tree(t, {
    "cpu/cpu.cfs_quota_us": "-1",
    "cpu/cpu.cfs_period_us": "100000",
    "memory/memory.limit_in_bytes": "9223372036854771712",
  });
  assert.equal(cpuQuota(root, "4:cpu:/\n3:memory:/\n"), os.cpus().length);
  assert.equal(memoryLimit(root, "4:cpu:/\n3:memory:/\n"), os.totalmem());
});

test("memory in use is that of the tightest group, without file cache that can go", (t) => {
  const root = tree(t, {
    "pod/memory.max": String(64 * MiB),
    "pod/memory.current": String(50 * MiB),
    "pod/memory.stat": `anon ${30 * MiB}\ninactive_file ${12 * MiB}\nactive_file ${8 * MiB}`,
    "pod/app/memory.max": String(96 * MiB),
    "pod/app/memory.current": String(40 * MiB),
  });
  assert.equal(memoryInUse(root, "0::/pod/app"), 38 * MiB);
  assert.equal(memoryInUse(tree(t, { "pod/memory.max": "max" }), "0::/pod"), undefined);
});

test("v1: memory in use counts the groups below", (t) => {
  const root = tree(t, {
    "memory/memory.limit_in_bytes": String(64 * MiB),
    "memory/memory.usage_in_bytes": String(50 * MiB),
    "memory/memory.stat": `inactive_file ${MiB}\ntotal_inactive_file ${10 * MiB}`,
  });
  assert.equal(memoryInUse(root, "4:memory:/"), 40 * MiB);
});
