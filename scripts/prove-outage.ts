import { UserError } from "../contract/user-error.ts";
import { proveOutage } from "../loadtest/testing/outage/prove.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands["prove:outage"], async ({ stack: given, minutes }) => {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(minutes) || Number(minutes) < 0.1)
    throw new UserError(
      `--minutes ${minutes}: must be a number from 0.1 to 999.99`,
      "for example: --minutes 5",
      { exitCode: 2 },
    );
  const stack = chooseStack(given);
  const env = await openCluster(stack);
  Object.assign(process.env, env);
  return proveOutage(stack.name, Number(minutes) * 60_000);
});
