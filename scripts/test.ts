import { $ } from "zx";
import { bringUp } from "../local/bring-up.ts";
import { clusterDown, clusterStatus } from "../local/cluster/cluster.ts";
import { ensurePackages, testPackages } from "../local/toolchain/debian-packages.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";
import { realTests } from "./test-files.ts";

// Check, unit, then everything that needs real parts, on the embedded cluster. A cluster that ran before is left
// running; one that was started for the tests is stopped, so that no process stays behind.
await entry(commands.test, async () => {
  const node = [process.execPath, "--import", import.meta.resolve("tsx")];
  const run = (env: NodeJS.ProcessEnv) => $({ cwd: projectRoot, env, stdio: "inherit", nothrow: true });
  const check = await run(process.env)`${process.execPath} scripts/bootstrap.mjs scripts/check.ts`;
  if (check.exitCode !== 0) return 1;

  const ranBefore = (await clusterStatus()).every((component) => component.running);
  try {
    const env = { ...process.env, ...(await bringUp()) };
    await ensurePackages(testPackages);
    const files = [...(await realTests("int")), ...(await realTests("e2e"))];
    const real = await run(env)`${node} --test --test-concurrency=1 --test-timeout=1200000 ${files}`;
    return real.exitCode ?? 1;
  } finally {
    if (!ranBefore) await clusterDown();
  }
});
