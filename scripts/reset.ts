import { clusterReset } from "../local/cluster/cluster.ts";
import { whenUnused } from "../local/turns.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands.reset, async () => {
  await whenUnused("deletes the cluster", clusterReset);
  return 0;
});
