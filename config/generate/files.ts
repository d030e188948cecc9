import { readFileSync } from "node:fs";
import { join } from "node:path";
import { updateTables } from "./documentation.ts";
import { exampleStacks } from "./example-stacks.ts";
import { jsonSchema } from "./json-schema.ts";

/**
 * Every file that is derived from the options, by its path.
 *
 * @param projectRoot folder with docs/configuration.md, whose prose is kept.
 */
export function generatedFiles(projectRoot: string): Record<string, string> {
  const configuration = "docs/configuration.md";
  return {
    "config.schema.json": jsonSchema(),
    [configuration]: updateTables(readFileSync(join(projectRoot, configuration), "utf8")),
    ...exampleStacks(),
  };
}
