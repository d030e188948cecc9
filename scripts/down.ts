import { clusterDown } from "../local/cluster/cluster.ts";
import { whenUnused } from "../local/turns.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands.down, async () => {
  await whenUnused("stops the cluster", clusterDown);
  return 0;
});
