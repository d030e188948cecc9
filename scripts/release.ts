import { deployedStack } from "../bench/deployed-stack.ts";
import { interruptible } from "../host/interruptible.ts";
import { openCluster } from "../host/open-cluster.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { abortRelease, beginNewRelease, resumeRelease, showStatus } from "./release-actions.ts";
import { chooseStack } from "./stack.ts";
import { openCluster as openStackCluster, openWorkspace } from "./workspace.ts";

await entry(commands.release, async ({ stack: given, wish }) => {
  const stack = chooseStack(given);
  const isReading = wish.action === "status";
  const env = await (isReading ? openStackCluster(stack) : openWorkspace(stack));
  Object.assign(process.env, env);
  const outputs = await deployedStack(stack.name);
  const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  const at = { stack, env, outputs, api };
  try {
    if (isReading) return await showStatus(at);
    return await interruptible(`npm run release -- --stack ${stack.name} --resume`, () => {
      if (wish.action === "resume") return resumeRelease(at);
      return wish.action === "abort" ? abortRelease(at) : beginNewRelease(at, wish.options);
    });
  } finally {
    api.close();
  }
});
