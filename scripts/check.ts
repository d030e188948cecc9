import { $ } from "zx";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";

await entry(commands.check, async () => {
  const run = $({ cwd: projectRoot, stdio: "inherit", preferLocal: true });
  await run`tsc --noEmit`;
  await run`biome check .`;
  await run`${process.execPath} scripts/bootstrap.mjs scripts/test-unit.ts`;
  return 0;
});
