import { entry } from "./entry.ts";
import { chooseStack } from "./stack.ts";
import { loadtest, openWorkspace } from "./workspace.ts";

await entry(async () => {
  const stack = chooseStack(process.argv.slice(2));
  const helpOnly = stack.rest.includes("--help") || stack.rest.includes("-h");
  return loadtest(helpOnly ? process.env : await openWorkspace(stack), stack);
});
