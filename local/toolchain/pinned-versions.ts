import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findVersion, type Version } from "./version.ts";

const modulesDir = join(import.meta.dirname, "modules");
const packageFile = join(import.meta.dirname, "../../package.json");

/**
 * Version of a Go module that the go.mod of a folder of `modules/` requires. It is written nowhere else, so that a bot may
 * change it.
 *
 * @throws {Error} when the go.mod does not require the module.
 */
export function goModuleVersion(folder: string, module: string): Version {
  return versionIn(readFileSync(join(modulesDir, folder, "go.mod"), "utf8"), module);
}

/** Version of a Go module in the text of a go.mod. @throws {Error} when the text does not require the module. */
export function versionIn(goMod: string, module: string): Version {
  const line = goMod.split("\n").find((each) =>
    each
      .replace(/^require /, "")
      .trim()
      .startsWith(`${module} v`),
  );
  const version = findVersion(line?.slice(line.indexOf(` v`)) ?? "");
  if (version === undefined) throw new Error(`no version of ${module} in go.mod`);
  return version;
}

/** Version of an npm package that the program depends on. @throws {Error} when package.json does not name an exact one. */
export function npmPackageVersion(name: string): Version {
  const { dependencies } = JSON.parse(readFileSync(packageFile, "utf8")) as {
    dependencies: Record<string, string>;
  };
  const exact = /^\d+\.\d+\.\d+$/.exec(dependencies[name] ?? "")?.[0];
  const version = findVersion(exact ?? "");
  if (version === undefined) throw new Error(`package.json has no exact version of ${name}`);
  return version;
}
