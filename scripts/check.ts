import { $ } from "zx";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";

await entry(async () => {
  const run = $({ cwd: projectRoot, stdio: "inherit", preferLocal: true });
  await run`tsc --noEmit`;
  await run`biome check .`;
  await run`${process.execPath} scripts/bootstrap.mjs scripts/test-unit.ts`;
  return 0;
});
