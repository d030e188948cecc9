import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { deploy, openWorkspace } from "./workspace.ts";

await entry(commands.up, async (given) => {
  const stack = chooseStack(given.stack);
  await deploy(await openWorkspace(stack, given["update-images"]), stack);
  return 0;
});
