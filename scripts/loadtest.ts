import { entry } from "./entry.ts";
import { loadtestCommands } from "./loadtest-commands.ts";
import { chooseStack } from "./stack.ts";
import { loadtest, openCluster } from "./workspace.ts";

await entry(loadtestCommands.loadtest, async (given) => {
  const stack = chooseStack(given.stack);
  return loadtest(await openCluster(stack), stack, given.args);
});
