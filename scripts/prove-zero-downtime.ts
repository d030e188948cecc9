import { proveZeroDowntime } from "../bench/prove-zero-downtime.ts";
import { UserError } from "../contract/user-error.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands["prove:zero-downtime"], async (command) => {
  const stack = chooseStack(command.stack);
  if (!stack.embedded)
    throw new UserError(
      `--stack ${stack.name}: the control starts pods of its own and reaches them by their addresses, which needs the embedded cluster`,
      "npm run loadtest -- --fault rollout runs on every cluster",
      { exitCode: 2 },
    );
  Object.assign(process.env, await openCluster(stack));
  return proveZeroDowntime(command, stack.name);
});
