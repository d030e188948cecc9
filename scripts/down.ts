import { clusterDown } from "../local/cluster/cluster.ts";
import { entry } from "./entry.ts";

await entry(async () => {
  await clusterDown();
  return 0;
});
