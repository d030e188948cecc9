import { $ } from "zx";
import { bringUp } from "../local/bring-up.ts";
import { clusterDown, clusterStatus } from "../local/cluster/cluster.ts";
import { requireRoot } from "../local/cluster/layout.ts";
import { ensurePackages, testPackages } from "../local/toolchain/debian-packages.ts";
import { runChecks } from "./checks.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";
import { realTests } from "./test-files.ts";

// The checks, then every test that needs servers or the embedded cluster. A cluster that ran before is left running.
// One that was started for the tests is stopped, so that no process stays behind.
await entry(commands.test, async () => {
  requireRoot();
  await ensurePackages(testPackages);
  if ((await runChecks()) !== 0) return 1;

  const ranBefore = (await clusterStatus()).every((component) => component.running);
  try {
    const env = { ...process.env, ...(await bringUp()) };
    // A timer or connection that a file leaves open must not hold up all others until the time-out.
    const files = [...(await realTests("int")), ...(await realTests("e2e"))];
    const { exitCode } = await $({
      cwd: projectRoot,
      env,
      stdio: "inherit",
      nothrow: true,
    })`${process.execPath} --test --test-force-exit --test-concurrency=1 --test-timeout=1200000 ${files}`;
    return exitCode ?? 1;
  } finally {
    if (!ranBefore) await clusterDown();
  }
});
