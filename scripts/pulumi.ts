import { $ } from "zx";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack, projectRoot } from "./stack.ts";
import { openWorkspace } from "./workspace.ts";

await entry(commands.pulumi, async (given) => {
  const stack = chooseStack(given.stack);
  const opened = await openWorkspace(stack);
  // Pulumi prefers $PULUMI_STACK to the selected stack.
  const env = given.stack === undefined ? opened : { ...opened, PULUMI_STACK: stack.name };
  const run = await $({ cwd: projectRoot, env, stdio: "inherit", nothrow: true })`pulumi ${given.args}`;
  return run.exitCode ?? 1;
});
