import { proveNetwork } from "../bench/prove-network.ts";
import { UserError } from "../contract/user-error.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands["prove:network"], async (command) => {
  const stack = chooseStack(command.stack);
  if (!stack.embedded)
    throw new UserError(
      `--stack ${stack.name}: the proof enters the network namespaces of pods, which needs the embedded cluster`,
      "deploy the stack's config to the embedded cluster, and prove that",
      { exitCode: 2 },
    );
  Object.assign(process.env, await openCluster(stack));
  return proveNetwork(command, stack.name);
});
