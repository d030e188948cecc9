import { columns } from "../host/table.ts";
import { type ComponentStatus, clusterStatus } from "../local/cluster/cluster.ts";
import { oldBaseImages } from "../local/images/image-age.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

/** Old base images are reported, but are no fault of the cluster. */
async function imagesStatus(): Promise<ComponentStatus[]> {
  const old = await oldBaseImages().catch(() => undefined);
  if (old === undefined) return [];
  const detail = `${old.names.join(", ")}: up to ${old.days} d without Debian's updates; npm run up -- --update-images`;
  return [{ name: "base images", running: true, limited: true, detail }];
}

await entry(commands.status, async () => {
  const components = [...(await clusterStatus()), ...(await imagesStatus())];
  console.log(
    columns(
      components.map(({ running, limited, name, detail }) => [
        limited ? "!" : running ? "✓" : "✗",
        name,
        detail,
      ]),
      [],
    ),
  );
  return components.every((component) => component.running) ? 0 : 1;
});
