import { measureFakeNodes } from "../bench/fake-nodes.ts";
import { bringUp } from "../local/bring-up.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands["bench:nodes"], async (command) => {
  await bringUp();
  return measureFakeNodes(command);
});
