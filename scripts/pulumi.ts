import { exitCodes } from "../contract/user-error.ts";
import { endOf } from "../host/foreground.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { isAboutPulumi, readStackCommand } from "./pulumi-arguments.ts";
import { runPulumi } from "./pulumi-run.ts";
import { chooseStack, resumeCommand } from "./stack.ts";
import { changeStack, openCluster, openWorkspace, pulumiOnPath } from "./workspace.ts";

/** Commands that lock the stack in Pulumi's backend. */
const changing: readonly string[] = ["up", "update", "destroy", "down", "dn", "refresh", "import", "watch"];

await entry(commands.pulumi, async (given) => {
  const ofStacks = readStackCommand(given.args, given.stack);
  const { args } = ofStacks ?? given;
  const stack = chooseStack(given.stack ?? ofStacks?.name);
  if (isAboutPulumi(args)) return (await runPulumi(args, await pulumiOnPath(stack))).exitCode ?? 1;
  const opened = await (ofStacks === undefined ? openWorkspace(stack) : openCluster(stack));
  // Pulumi prefers $PULUMI_STACK to the selected stack.
  const env = given.stack === undefined ? opened : { ...opened, PULUMI_STACK: stack.name };
  const run = () => runPulumi(args, env);
  const outcome = await (changing.includes(args[0] ?? "") ? changeStack(stack, run) : run());
  if (outcome.signal !== null) console.error(`✗ ${endOf(`pulumi ${args.join(" ")}`, outcome)}`);
  if (!outcome.wasInterrupted || outcome.exitCode === 0) return outcome.exitCode ?? 1;
  console.error(`✗ interrupted\n  ${resumeCommand(stack)} goes on with the deployment`);
  return exitCodes.interrupted;
});
