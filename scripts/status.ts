import { clusterStatus } from "../local/cluster/cluster.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands.status, async () => {
  const components = await clusterStatus();
  for (const component of components) {
    console.log(`${component.running ? "✓" : "✗"} ${component.name.padEnd(26)} ${component.detail}`);
  }
  return components.every((component) => component.running) ? 0 : 1;
});
