import { $ } from "zx";
import { entry } from "./entry.ts";
import { chooseStack, projectRoot } from "./stack.ts";
import { openWorkspace } from "./workspace.ts";

await entry(async () => {
  const stack = chooseStack(process.argv.slice(2));
  const env = await openWorkspace(stack);
  const run = await $({ cwd: projectRoot, env, stdio: "inherit", nothrow: true })`pulumi ${stack.rest}`;
  return run.exitCode ?? 1;
});
