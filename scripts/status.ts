import { columns } from "../host/table.ts";
import { clusterStatus } from "../local/cluster/cluster.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands.status, async () => {
  const components = await clusterStatus();
  console.log(
    columns(
      components.map(({ running, name, detail }) => [running ? "✓" : "✗", name, detail]),
      [],
    ),
  );
  return components.every((component) => component.running) ? 0 : 1;
});
