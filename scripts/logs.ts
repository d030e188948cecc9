import { followLogs } from "../local/cluster/logs.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands.logs, async ({ positionals, follow }) => {
  await followLogs(positionals, { follow });
  return 0;
});
