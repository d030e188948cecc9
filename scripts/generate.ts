import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "./commands.ts";
import { derivedFiles } from "./derived-files.ts";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";

await entry(commands.generate, async () => {
  for (const [path, text] of Object.entries(await derivedFiles()))
    writeFileSync(join(projectRoot, path), text);
  return 0;
});
