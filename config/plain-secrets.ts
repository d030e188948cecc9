import { parse } from "yaml";
import { isObject } from "./options/option.ts";

const secrets = [
  ["registry", "password"],
  ["database", "url"],
  ["nginx", "tls", "key"],
] as const;

/**
 * Paths of the secrets that a stack's file has as plain text. What `pulumi config set --secret` has set is an object there.
 *
 * @param stackFile text of `Pulumi.<stack>.yaml`
 * @param project name of the Pulumi project, which precedes the names of the sections.
 */
export function plainSecrets(stackFile: string, project: string): string[] {
  const config: unknown = parse(stackFile, { merge: true })?.config;
  if (!isObject(config)) return [];
  return secrets
    .filter(([section, ...path]) => {
      let given: unknown = config[`${project}:${section}`] ?? config[section];
      for (const key of path) given = isObject(given) ? given[key] : undefined;
      return typeof given === "string";
    })
    .map((path) => path.join("."));
}
