import { clusterDown, clusterStatus } from "../local/cluster/cluster.ts";
import { requireRoot } from "../local/cluster/layout.ts";
import { ensurePackages, testPackages } from "../local/toolchain/debian-packages.ts";
import { runChecks } from "./checks.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { runRealTests } from "./real-tests.ts";
import { realTests } from "./test-files.ts";

// The checks, then every test that needs servers or the embedded cluster. A cluster that ran before is left running.
// One that was started for the tests is stopped, so that no process stays behind.
await entry(commands.test, async () => {
  requireRoot();
  await ensurePackages(testPackages);
  if ((await runChecks()) !== 0) return 1;

  const ranBefore = (await clusterStatus()).every((component) => component.running);
  try {
    return await runRealTests([...(await realTests("int")), ...(await realTests("e2e"))]);
  } finally {
    if (!ranBefore) await clusterDown();
  }
});
