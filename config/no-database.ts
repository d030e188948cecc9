import type { Report } from "./options/option.ts";
import type { StackConfig } from "./stack-config.ts";

/** Reports what needs the database that `database.enabled` turns off. */
export function checkNoDatabase({ api, database }: StackConfig, report: Report): void {
  const on = "or have one: pulumi config rm --path database.enabled";
  if (api.contract.live === undefined)
    report({
      path: "database.enabled",
      value: false,
      rule: "must be true without api.contract.live: the kit's own API keeps its users in the database",
      fix: "pulumi config rm --path database.enabled",
    });
  const others = { url: database.url, ca: database.ca, "backup.schedule": database.backup.schedule };
  for (const [option, value] of Object.entries(others))
    if (value !== undefined)
      report({
        path: `database.${option}`,
        value: option === "url" || option === "ca" ? undefined : value,
        rule: "is for a database, and database.enabled is false",
        fix: `remove it: pulumi config rm --path database.${option}; ${on}`,
      });
}
