import type { Report } from "./options/option.ts";
import type { StackConfig } from "./stack-config.ts";
import { partsOf, type StackValue, setterOf } from "./stack-values.ts";

/** Reports every variable of `api.contract.env` that is set elsewhere, too, or whose value the stack does not have. */
export function checkContractEnvironment(config: StackConfig, report: Report): void {
  const { env, contract } = config.api;
  for (const [name, value] of Object.entries(contract.env)) {
    const problem = (rule: string, fix: string) =>
      report({ path: `api.contract.env.${name}`, value, rule, fix });
    const remove = `remove it: pulumi config rm --path api.contract.env.${name}`;
    const setter = setterOf(name, value);
    if (setter !== undefined) problem(`is set by ${setter}`, remove);
    if (Object.hasOwn(env, name)) problem("is a variable of api.env, too", `${remove}, or api.env.${name}`);
    const missing = missingOf(value, config);
    if (missing !== undefined) problem(missing, remove);
  }
}

/** Why the stack does not have a value; undefined when it does. */
function missingOf(value: StackValue, { database, redis }: StackConfig): string | undefined {
  if (value === "redisUrl" && redis.shards > 1)
    return `needs redis.shards 1, and it is ${redis.shards}: a client of a single server does not follow the redirections of a cluster; redisNodes is for clients of a cluster`;
  if (!database.enabled && value.startsWith("database"))
    return "is not there without a database, and database.enabled is false";
  if (database.url === undefined || !value.startsWith("database") || value === "databaseUrl")
    return undefined;
  try {
    const part = partsOf(database.url)[value.slice("database".length).toLowerCase() as "host"];
    return part === "" ? "must be in database.url, which does not have it" : undefined;
  } catch {
    return "cannot be read from database.url, whose port or whose escapes are wrong";
  }
}
