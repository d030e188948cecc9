import { entry } from "./entry.ts";
import { loadtestCommands } from "./loadtest-commands.ts";
import { chooseStack } from "./stack.ts";
import { deploy, loadtest, openWorkspace } from "./workspace.ts";

await entry(loadtestCommands.start, async (given) => {
  const startedMs = Date.now();
  const stack = chooseStack(given.stack);
  const env = await openWorkspace(stack);
  const openedMs = Date.now();
  await deploy(env, stack);
  const deployedMs = Date.now();
  const verdict = await loadtest(env, stack, given.args);
  const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(0)} s`;
  console.error(
    `\n  ready ${seconds(startedMs, openedMs)} · pulumi up ${seconds(openedMs, deployedMs)} · load test ${seconds(deployedMs, Date.now())} · in all ${seconds(startedMs, Date.now())}`,
  );
  return verdict;
});
