import { spawnSync } from "node:child_process";
import { recipes } from "../../local/images/recipes.ts";
import { type Command, debianCommand } from "./debian-program.ts";

const recipe = recipes.find(({ name }) => name === "nginx");
if (recipe === undefined) throw new Error("there is no recipe of the Nginx image");
const { suite, packages } = recipe;

/** Returns the command that runs the gateway's Nginx: the files of the packages that the base image is made of. */
export function nginxCommand(): Promise<Command> {
  return debianCommand({ name: "nginx", suite, packages, path: "usr/sbin/nginx" });
}

/** Returns the version of an Nginx, such as `1.30.6`. */
export function versionOf([program, ...args]: Command): string {
  const { stderr } = spawnSync(program, [...args, "-v"], { encoding: "utf8" });
  return /nginx\/([\d.]+)/.exec(stderr)?.[1] ?? "";
}
