import { proveScanners } from "../bench/prove-scanners.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands["prove:scanners"], async ({ stack: name }) => {
  const stack = chooseStack(name);
  Object.assign(process.env, await openCluster(stack));
  return proveScanners(stack.name);
});
