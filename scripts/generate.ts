import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles } from "../config/generate/files.ts";
import { schemaText } from "../loadtest/report/report-schema.ts";
import { commands } from "./commands.ts";
import { entry } from "./entry.ts";
import { projectRoot } from "./stack.ts";

await entry(commands.generate, async () => {
  const files = { ...generatedFiles(projectRoot), "loadtest/report/report.schema.json": schemaText() };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(projectRoot, path), text);
  return 0;
});
