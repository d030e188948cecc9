import { readFileSync } from "node:fs";
import { join } from "node:path";
import { updateTables } from "./documentation.ts";
import { exampleStacks } from "./example-stacks.ts";
import { jsonSchema } from "./json-schema.ts";
import { projectNameIn, updateProjectFile } from "./project-file.ts";

/**
 * Every file that is derived from the options, by its path.
 *
 * @param projectRoot folder with docs/configuration.md and Pulumi.yaml, whose other parts are kept.
 */
export function generatedFiles(projectRoot: string): Record<string, string> {
  const configuration = "docs/configuration.md";
  const projectFile = readFileSync(join(projectRoot, "Pulumi.yaml"), "utf8");
  const project = projectNameIn(projectFile);
  return {
    "Pulumi.yaml": updateProjectFile(projectFile),
    "config.schema.json": jsonSchema(project),
    [configuration]: updateTables(readFileSync(join(projectRoot, configuration), "utf8")),
    ...exampleStacks(project),
  };
}
