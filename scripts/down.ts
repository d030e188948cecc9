import { clusterDown } from "../local/cluster/cluster.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands.down, async () => {
  await clusterDown();
  return 0;
});
