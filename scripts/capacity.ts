import { measureCapacity } from "../capacity/main.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { changeStack, openCluster } from "./workspace.ts";

await entry(commands.capacity, async ({ stack: given, options }) => {
  const stack = chooseStack(given);
  Object.assign(process.env, await openCluster(stack));
  return changeStack(stack, () => measureCapacity(stack.name, options));
});
