import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { stackTextFrom } from "../loadtest/requests-from/read-source.ts";
import { entry } from "./entry.ts";
import { loadtestCommands } from "./loadtest-commands.ts";
import { chooseStack, projectName } from "./stack.ts";
import { loadtest, openCluster } from "./workspace.ts";

await entry(loadtestCommands.loadtest, async (given) => {
  if (given.from !== undefined) {
    // Paths are relative to where the command was typed.
    const from = process.env.INIT_CWD ?? process.cwd();
    const text = stackTextFrom(resolve(from, given.from), projectName, given.prefix);
    if (given.out === undefined) process.stdout.write(text);
    else writeFileSync(resolve(from, given.out), text, { flag: "wx" });
    return 0;
  }
  const stack = chooseStack(given.stack);
  return loadtest(await openCluster(stack), stack, given.args);
});
