import { clusterReset } from "../local/cluster/cluster.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands.reset, async () => {
  await clusterReset();
  return 0;
});
