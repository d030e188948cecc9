import { join } from "node:path";
import { UserError } from "../contract/user-error.ts";
import { choosePaths } from "./path-choice.ts";

const choice = choosePaths(process.env);

/**
 * The data folder: all state of the embedded cluster. `BREAKWATER_HOME` names another folder. The embedded cluster
 * belongs to root, so the default is one folder per machine.
 */
export const dataDir = choice.dataDir;

/** The cache folder: tools built from source, for all checkouts of this user. */
export const cacheDir = choice.cacheDir;

/** Checks the variables that choose the folders. @throws {UserError} with exit code 2 that names each wrong variable. */
export function requireUsablePaths(): void {
  if (choice.faults.length === 0) return;
  throw new UserError(choice.faults.join("\n"), "correct the variable, or unset it to use the default", {
    exitCode: 2,
  });
}

/** Files and folders of the data folder that several parts of `local/` use. */
export const dataPaths = {
  kubeconfig: join(dataDir, "kubeconfig"),
  pulumiHome: join(dataDir, "pulumi"),
  pulumiState: join(dataDir, "state"),
  passphrase: join(dataDir, "passphrase"),
  /** Compiled JavaScript of Pulumi's programs and plugins (https://nodejs.org/api/module.html#module-compile-cache). */
  compileCache: join(dataDir, "compile-cache"),
  logs: join(dataDir, "log"),
  run: join(dataDir, "run"),
} as const;

/** The address of the embedded registry, as the Docker engine and containerd name it. */
export const registryAddress = "localhost:5000";
