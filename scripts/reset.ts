import { clusterReset } from "../local/cluster/cluster.ts";
import { entry } from "./entry.ts";

await entry(async () => {
  await clusterReset();
  return 0;
});
