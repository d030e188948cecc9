import { proveRedis } from "../bench/prove-redis.ts";
import { UserError } from "../contract/user-error.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands["prove:redis"], async (command) => {
  const stack = chooseStack(command.stack);
  if (!stack.embedded)
    throw new UserError(
      `--stack ${stack.name}: the proof signals processes of pods and cuts their connections, which needs the embedded cluster`,
      "npm run redis:check runs on every cluster",
      { exitCode: 2 },
    );
  Object.assign(process.env, await openCluster(stack));
  return proveRedis(command, stack.name);
});
