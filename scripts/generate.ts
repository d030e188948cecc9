import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles } from "../config/generate/files.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";

await entry(commands.generate, async () => {
  for (const [path, text] of Object.entries(generatedFiles(projectRoot)))
    writeFileSync(join(projectRoot, path), text);
  return 0;
});
