import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { cpuQuota, memoryInUse, memoryLimit } from "./container-limits.ts";

function tree(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "cgroup-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }
  return root;
}

const MiB = 1024 ** 2;

test("container limits are read from the root group when cgroup v2 is in a container", (t) => {
  const root = tree(t, { "cpu.max": "50000 100000", "memory.max": String(192 * MiB) });
  assert.equal(cpuQuota(root, "0::/"), 0.5);
  assert.equal(memoryLimit(root, "0::/"), 192 * MiB);
});

test("container limits are those of the tightest group above in cgroup v2", (t) => {
  const root = tree(t, {
    "pod/cpu.max": "30000 100000",
    "pod/app/cpu.max": "max 100000",
    "pod/memory.max": String(64 * MiB),
    "pod/app/memory.max": "max",
  });
  assert.equal(cpuQuota(root, "0::/pod/app"), 0.3);
  assert.equal(memoryLimit(root, "0::/pod/app"), 64 * MiB);
});

test("container limits are read from each controller's tree in cgroup v1", (t) => {
  const root = tree(t, {
    "cpu/cpu.cfs_quota_us": "25000",
    "cpu/cpu.cfs_period_us": "100000",
    "memory/memory.limit_in_bytes": String(128 * MiB),
  });
  // In a container the mounted root is the own group, although the file has the host's path.
  const groups = "4:cpu,cpuacct:/kubepods/pod1/abc\n3:memory:/kubepods/pod1/abc\n";
  assert.equal(cpuQuota(root, groups), 0.25);
  assert.equal(memoryLimit(root, groups), 128 * MiB);
});

test("container limits are the machine's when there is no quota or limit", (t) => {
  const root = tree(t, {
    "cpu/cpu.cfs_quota_us": "-1",
    "cpu/cpu.cfs_period_us": "100000",
    "memory/memory.limit_in_bytes": "9223372036854771712",
  });
  assert.equal(cpuQuota(root, "4:cpu:/\n3:memory:/\n"), cpus().length);
  assert.equal(memoryLimit(root, "4:cpu:/\n3:memory:/\n"), totalmem());
});

test("memoryInUse reads the tightest group, without reclaimable file cache", (t) => {
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

test("memoryInUse includes child groups in cgroup v1", (t) => {
  const root = tree(t, {
    "memory/memory.limit_in_bytes": String(64 * MiB),
    "memory/memory.usage_in_bytes": String(50 * MiB),
    "memory/memory.stat": `inactive_file ${MiB}\ntotal_inactive_file ${10 * MiB}`,
  });
  assert.equal(memoryInUse(root, "4:memory:/"), 40 * MiB);
});
