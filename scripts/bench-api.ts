import { parseSpeedCommand, usage } from "../bench/api/command-line.ts";
import { compareApiSpeed } from "../bench/api-speed.ts";
import { ensurePackages, testPackages } from "../local/toolchain/debian-packages.ts";
import { entry } from "./entry.ts";

await entry(async () => {
  const command = parseSpeedCommand(process.argv.slice(2));
  if (command.help) {
    process.stdout.write(usage);
    return 0;
  }
  await ensurePackages(testPackages.filter(({ name }) => ["redis-server", "postgresql"].includes(name)));
  return compareApiSpeed(command);
});
