import { followLogs } from "../local/cluster/logs.ts";
import { entry } from "./entry.ts";

await entry(async () => {
  const args = process.argv.slice(2);
  await followLogs(
    args.filter((arg) => !arg.startsWith("-")),
    { follow: args.includes("-f") || args.includes("--follow") },
  );
  return 0;
});
