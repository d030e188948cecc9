import { compareGateways } from "../bench/gateways.ts";
import { haproxyRecipe } from "../bench/nginx/haproxy.ts";
import { ensureBaseImages } from "../local/images/base-images.ts";
import { ensurePackages } from "../local/toolchain/debian-packages.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { openCluster } from "./workspace.ts";

await entry(commands["bench:nginx"], async (command) => {
  const stack = chooseStack(command.stack);
  const env = await openCluster(stack);
  Object.assign(process.env, env);
  await ensurePackages([{ name: "wrk", program: "/usr/bin/wrk" }]);
  const socketPath = (env.DOCKER_HOST ?? "").replace(/^unix:\/\//, "");
  await ensureBaseImages({ socketPath }, { wanted: [haproxyRecipe] });
  return compareGateways(command, stack.name);
});
