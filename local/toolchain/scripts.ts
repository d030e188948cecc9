import { readFileSync } from "node:fs";
import type { ScriptName } from "./tools.ts";

/**
 * Shell scripts around the tools, by name. They are not part of the tools' lock: a changed text is written again, and no
 * tool is built.
 *
 * - `pulumi-language-nodejs`: the host of v3.68 does not read `runtime.options` of Pulumi.yaml, so the flag that
 *   keeps it from starting ts-node is given here. The engine's own arguments follow.
 * - `pulumi-resource-pulumi-nodejs`: serves dynamic resources from the `@pulumi/pulumi` of the program that runs.
 *   The script of that package swallows exit codes and leaves a shell between the engine and Node.js.
 */
export const scripts: Readonly<Record<ScriptName, string>> = {
  "pulumi-language-nodejs": script("pulumi-language-nodejs"),
  "pulumi-resource-pulumi-nodejs": script("pulumi-resource-pulumi-nodejs"),
};

/** The policy-rc.d that keeps Debian from starting daemons during an installation. */
export const noDaemonsPolicy = script("policy-rc.d");

function script(name: string): string {
  return readFileSync(new URL(`./scripts/${name}.sh`, import.meta.url), "utf8");
}
