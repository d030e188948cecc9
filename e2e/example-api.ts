import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { $ } from "zx";
import { projectRoot } from "../scripts/stack.ts";
import { configFile } from "./test-stack.ts";

/** The APIs of `examples/` that know nothing of the kit. */
export const examples = ["express", "hono", "nest", "new", "go"] as const;

/** One of the APIs of `examples/`. */
export type Example = (typeof examples)[number];

/** Builds the program of an example by the commands of its README. @throws {ProcessOutput} with its output when it fails. */
export async function buildExample(name: Example): Promise<void> {
  // What `npm run new` writes has nothing to build.
  if (name === "new") return;
  const cwd = join(projectRoot, "examples", name);
  if (name === "go") {
    await $({ cwd, quiet: true, env: { ...process.env, CGO_ENABLED: "0" } })`go build -o server .`;
    return;
  }
  // The example is a package of its own, not a workspace of the kit.
  await $({ cwd, quiet: true })`npm ci --workspaces=false --no-audit --no-fund --loglevel=error`;
  await $({ cwd, quiet: true })`npm run build --workspaces=false`;
}

/** Puts the options of an example's stack file in the place of those of the example before it. */
export function configureExample(name: Example): void {
  const { config } = parse(readFileSync(join(projectRoot, "examples", name, "stack.yaml"), "utf8"));
  const file = parse(readFileSync(configFile, "utf8"));
  const { requests, scenarios } = config["breakwater:loadtest"];
  const { source, contract } = config["breakwater:api"];
  file.config["breakwater:api"] = {
    ...file.config["breakwater:api"],
    source,
    // Every example has this path, so the load of the tests goes on when another one comes.
    contract: { ...contract, public: [contract.live] },
  };
  file.config["breakwater:loadtest"] = { ...file.config["breakwater:loadtest"], requests, scenarios };
  writeFileSync(configFile, stringify(file));
}

/** Lines of an example's stack file. */
export function stackLines(name: Example): number {
  return readFileSync(join(projectRoot, "examples", name, "stack.yaml"), "utf8")
    .trimEnd()
    .split("\n").length;
}
