import type { ScriptName } from "./tools.ts";

/**
 * Shell scripts of the tools' folder, by name.
 *
 * - `pulumi-language-nodejs`: the host of v3.68 does not read `runtime.options` of Pulumi.yaml, so the flags that
 *   make it run an ES module in TypeScript by tsx are given here. The engine's own arguments follow.
 * - `pulumi-resource-pulumi-nodejs`: serves dynamic resources from the `@pulumi/pulumi` of the program that runs.
 *   The script that ships in the package swallows exit codes and leaves a shell between the engine and Node.
 */
export const scripts: Readonly<Record<ScriptName, string>> = {
  "pulumi-language-nodejs": `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/../libexec/pulumi-language-nodejs" -typescript=false -nodeargs=--import=tsx "$@"
`,
  "pulumi-resource-pulumi-nodejs": `#!/bin/sh
script=$(node -p "require.resolve('@pulumi/pulumi/cmd/dynamic-provider')") || {
  echo "@pulumi/pulumi is not installed in $(pwd): run npm install there" >&2
  exit 1
}
exec node "$script" "$@"
`,
};
