import { compareApiSpeed } from "../bench/api-speed.ts";
import { ensurePackages, testPackages } from "../local/toolchain/debian-packages.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";

await entry(commands["bench:api"], async (command) => {
  await ensurePackages(testPackages.filter(({ name }) => ["redis-server", "postgresql"].includes(name)));
  return compareApiSpeed(command);
});
