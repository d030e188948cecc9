import { parse } from "yaml";
import { isObject } from "./options/option.ts";
import { joinPath, type Problem } from "./problem.ts";

/** What to do with a secret that a build needs: for problems and notices. */
export const secretArgFix =
  "give it to the pods instead (pulumi config set --secret --path api.env.NAME …), or build the image with docker buildx build --secret and name it: pulumi config set --path api.source.image …";

/**
 * Build arguments that a stack's file has encrypted. They would be in the image's history as plain text, and in Pulumi's state
 * (docs/decisions.md#secrets-of-a-build).
 *
 * @param stackFile text of `Pulumi.<stack>.yaml`
 * @param project name of the Pulumi project, which precedes the names of the sections
 */
export function encryptedArgs(stackFile: string, project: string): Problem[] {
  const config: unknown = parse(stackFile, { merge: true })?.config;
  if (!isObject(config)) return [];
  const section = config[`${project}:api`] ?? config.api;
  const source = isObject(section) ? section.source : undefined;
  const args = isObject(source) ? source.args : undefined;
  if (!isObject(args)) return [];
  const names = isEncrypted(args) ? [undefined] : Object.keys(args).filter((name) => isEncrypted(args[name]));
  return names.map((name) => ({
    path: name === undefined ? "api.source.args" : joinPath("api.source.args", name),
    value: undefined,
    rule: "must not be encrypted: a build argument can be read in the image's history",
    fix: secretArgFix,
  }));
}

/** Whether `pulumi config set --secret` has written the value. */
function isEncrypted(value: unknown): boolean {
  return isObject(value) && typeof value.secure === "string" && Object.keys(value).length === 1;
}
