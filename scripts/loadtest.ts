import { parseCommand } from "../loadtest/command-line.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { loadtest, openCluster } from "./workspace.ts";

await entry(async () => {
  const stack = chooseStack(process.argv.slice(2));
  // Before a cluster is brought up for it: the load test itself says what is wrong.
  const { help } = parseCommand(stack.rest, process.env);
  return loadtest(help ? process.env : await openCluster(stack), stack);
});
