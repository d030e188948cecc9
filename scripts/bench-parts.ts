import { measurePartCosts } from "../bench/parts-cost.ts";
import { ensurePackages, testPackages } from "../local/toolchain/debian-packages.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands["bench:parts"], async (command) => {
  await ensurePackages(testPackages.filter(({ name }) => name === "redis-server"));
  await measurePartCosts(command);
  return 0;
});
