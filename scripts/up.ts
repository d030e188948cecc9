import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { deploy, openWorkspace } from "./workspace.ts";

await entry(async () => {
  const stack = chooseStack(process.argv.slice(2));
  await deploy(await openWorkspace(stack), stack);
  return 0;
});
