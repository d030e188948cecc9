import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseDocument } from "yaml";
import { UserError } from "../contract/user-error.ts";
import { dataPaths } from "../local/paths.ts";

/** The checkout that these scripts belong to. */
export const projectRoot = resolve(fileURLToPath(import.meta.url), "../..");

/** The project's name in Pulumi.yaml, which begins the keys of stack config and names the state's folder. */
export const projectName = "breakwater";

/** The stack that a command works on, and whether it lives in the embedded cluster. */
export interface StackChoice {
  name: string;
  configFile: string;
  embedded: boolean;
}

/**
 * Reads from the stack's config file whether it names a cluster of its own (`cluster.kubeContext`). Without one, the
 * stack belongs to the embedded cluster.
 *
 * @param given the value of `--stack`; without it $PULUMI_STACK, else `local`.
 * @throws {UserError} with exit code 2 when Pulumi does not accept the name.
 */
export function chooseStack(given: string | undefined): StackChoice {
  const name = given ?? (process.env.PULUMI_STACK || "local");
  if (!/^[A-Za-z0-9._][A-Za-z0-9._-]{0,99}$/.test(name))
    throw new UserError(
      `--stack ${name}: must be the name of a stack: letters, digits, ".", "_", "-"`,
      "for example: npm start -- --stack local",
      { exitCode: 2 },
    );
  const configFile = join(projectRoot, `Pulumi.${name}.yaml`);
  return {
    name,
    configFile,
    embedded: !(existsSync(configFile) && namesCluster(readFileSync(configFile, "utf8"))),
  };
}

/**
 * Whether the text of a stack's file names a cluster. A section may also be a text with JSON, as for loadConfig.
 *
 * @throws {UserError} with exit code 2 when the text is not valid YAML.
 */
export function namesCluster(stackFile: string): boolean {
  try {
    const config = parse(stackFile, { merge: true })?.config;
    // Pulumi adds the project's name to a section without it.
    const cluster = config?.[`${projectName}:cluster`] ?? config?.cluster;
    const section = typeof cluster === "string" ? parse(cluster) : cluster;
    return section?.kubeContext !== undefined;
  } catch (error) {
    const [what] = (error as Error).message.split("\n");
    throw new UserError(`the stack's file is not valid YAML: ${what}`, "correct the file", { exitCode: 2 });
  }
}

/**
 * Prepares the config file of a stack in the embedded cluster for `pulumi stack select --create`. The `local` stack
 * starts as a copy of the example. A salt that belongs to a deleted state is removed, because the new state has a new
 * passphrase (docs/decisions.md#local-stack-config).
 */
export function prepareConfigFile(stack: StackChoice): void {
  const example = join(projectRoot, "Pulumi.local.example.yaml");
  if (!existsSync(stack.configFile)) {
    if (stack.name === "local") copyFileSync(example, stack.configFile);
    return;
  }
  const state = join(dataPaths.pulumiState, ".pulumi", "stacks", projectName, `${stack.name}.json`);
  if (existsSync(state)) return;
  const config = parseDocument(readFileSync(stack.configFile, "utf8"));
  if (config.delete("encryptionsalt")) writeFileSync(stack.configFile, config.toString());
}
