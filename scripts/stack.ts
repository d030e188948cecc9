import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import { UserError } from "../contract/user-error.ts";
import { dataPaths } from "../local/paths.ts";

/** The checkout that these scripts belong to. */
export const projectRoot = resolve(fileURLToPath(import.meta.url), "../..");

/** The stack that a command means, and whether it lives in the embedded cluster. */
export interface StackChoice {
  name: string;
  configFile: string;
  embedded: boolean;
  /** What is left of the command line once `--stack NAME` is taken out. */
  rest: string[];
}

/**
 * Reads `--stack NAME` (else $PULUMI_STACK, else `local`) and looks in the stack's config file whether it names
 * a cluster of its own (`cluster.kubeContext`). Without one, the stack belongs to the embedded default.
 *
 * @throws {UserError} with exit code 2 when `--stack` has no name, or one that Pulumi does not take.
 */
export function chooseStack(args: string[]): StackChoice {
  const at = args.indexOf("--stack");
  const rest = at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)];
  const name = at < 0 ? process.env.PULUMI_STACK || "local" : (args[at + 1] ?? "");
  if (!/^[A-Za-z0-9._][A-Za-z0-9._-]{0,99}$/.test(name))
    throw new UserError(
      `--stack ${name}: must be followed by a stack's name: letters, digits, ".", "_", "-"`,
      "for example: npm start -- --stack local",
      { exitCode: 2 },
    );
  const configFile = join(projectRoot, `Pulumi.${name}.yaml`);
  return { name, configFile, embedded: !namesCluster(configFile), rest };
}

function namesCluster(configFile: string): boolean {
  if (!existsSync(configFile)) return false;
  const config = parseDocument(readFileSync(configFile, "utf8"));
  return typeof config.getIn(["config", "breakwater:cluster", "kubeContext"]) === "string";
}

/**
 * Makes the config file of a stack in the embedded cluster ready for `pulumi stack select --create`: the `local`
 * stack starts as a copy of the example, and a salt left from a state that was reset is removed, since the new
 * state has a new passphrase.
 */
export function prepareConfigFile(stack: StackChoice): void {
  const example = join(projectRoot, "Pulumi.local.example.yaml");
  if (!existsSync(stack.configFile)) {
    if (stack.name === "local") copyFileSync(example, stack.configFile);
    return;
  }
  const state = join(dataPaths.pulumiState, ".pulumi", "stacks", "breakwater", `${stack.name}.json`);
  if (existsSync(state)) return;
  const config = parseDocument(readFileSync(stack.configFile, "utf8"));
  if (config.delete("encryptionsalt")) writeFileSync(stack.configFile, config.toString());
}
