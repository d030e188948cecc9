import { parseCommand } from "../loadtest/command-line.ts";
import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { deploy, loadtest, openWorkspace } from "./workspace.ts";

await entry(async () => {
  const startedMs = Date.now();
  const stack = chooseStack(process.argv.slice(2));
  // What is left are the load test's options: better told now than after ten minutes of building.
  parseCommand(stack.rest, process.env);
  const env = await openWorkspace(stack);
  const openedMs = Date.now();
  await deploy(env, stack);
  const deployedMs = Date.now();
  const verdict = await loadtest(env, stack);
  const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(0)} s`;
  console.error(
    `\n  ready ${seconds(startedMs, openedMs)} · pulumi up ${seconds(openedMs, deployedMs)} · load test ${seconds(deployedMs, Date.now())} · in all ${seconds(startedMs, Date.now())}`,
  );
  return verdict;
});
