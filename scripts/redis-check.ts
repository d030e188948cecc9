import { checkRedis } from "../bench/redis-check.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands["redis:check"], async (command) => {
  const stack = chooseStack(command.stack);
  Object.assign(process.env, await openCluster(stack));
  return checkRedis(command, stack.name);
});
