import { parse, parseDocument } from "yaml";
import { sections } from "../stack-config.ts";

/** The project's name in the text of Pulumi.yaml, which begins the keys of stack config. */
export function projectNameIn(projectFile: string): string {
  return String(parse(projectFile).name);
}

/**
 * Describes the sections of stack config in Pulumi.yaml, for `pulumi config` and for editors. Pulumi takes a section
 * without a default for required, and refuses a section with a type that is written as a text with JSON.
 *
 * @param projectFile text of Pulumi.yaml; all other keys are kept.
 */
export function updateProjectFile(projectFile: string): string {
  const document = parseDocument(projectFile);
  const described = Object.entries(sections).map(([name, { doc }]) => [
    name,
    { description: doc, default: {} },
  ]);
  document.set("config", document.createNode(Object.fromEntries(described)));
  return document.toString({ lineWidth: 0 });
}
