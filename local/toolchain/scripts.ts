import { readFileSync } from "node:fs";
import type { ScriptName } from "./tools.ts";

/**
 * Shell scripts of the tools' folder, by name. Their text is part of the tools' lock: a change of a comment makes every
 * user build the tools again. So they have no comments, and their documentation is here.
 *
 * - `pulumi-language-nodejs`: the host of v3.68 does not read `runtime.options` of Pulumi.yaml, so the flags that
 *   make it run an ES module in TypeScript by tsx are given here. The engine's own arguments follow.
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
