import { embeddedOnly } from "../bench/edge/command-line.ts";
import { proveEdge } from "../bench/prove-edge.ts";
import { UserError } from "../contract/user-error.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands["prove:edge"], async (command) => {
  const stack = chooseStack(command.stack);
  const refused = command.only.filter((part) => embeddedOnly.includes(part));
  if (!stack.embedded && refused.length > 0)
    throw new UserError(
      `--only ${refused.join(",")}: needs the embedded cluster, and the stack ${stack.name} is on another one`,
      "choose the parts that run on every cluster: --only membership,slow-clients",
      { exitCode: 2 },
    );
  Object.assign(process.env, await openCluster(stack));
  return proveEdge(command, stack.name);
});
