import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dataDir, dataPaths } from "./paths.ts";

/**
 * Returns the environment for Pulumi on the embedded cluster: a home, a file backend and a generated passphrase in the
 * data folder, the kit's tools first on PATH, and the Docker engine in use. It creates the folders and the passphrase.
 *
 * @param searchPath folders of the kit's tools, joined by colons.
 * @param socketPath the Docker engine's unix socket.
 */
export function pulumiEnvironment(searchPath: string, socketPath: string): Record<string, string> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  mkdirSync(dataPaths.pulumiState, { recursive: true, mode: 0o700 });
  mkdirSync(dataPaths.pulumiHome, { recursive: true, mode: 0o700 });
  ensurePassphrase();
  return {
    PATH: `${searchPath}:${process.env.PATH ?? ""}`,
    PULUMI_HOME: dataPaths.pulumiHome,
    PULUMI_BACKEND_URL: `file://${dataPaths.pulumiState}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: dataPaths.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    BREAKWATER_KUBECONFIG: dataPaths.kubeconfig,
    NODE_COMPILE_CACHE: dataPaths.compileCache,
    DOCKER_HOST: `unix://${socketPath}`,
  };
}

/** Writes the passphrase as a whole: a killed command leaves none, and not an empty one that would encrypt secrets. */
function ensurePassphrase(): void {
  const { passphrase } = dataPaths;
  if (existsSync(passphrase) && statSync(passphrase).size > 0) return;
  const part = `${passphrase}.${process.pid}.part`;
  writeFileSync(part, randomBytes(32).toString("hex"), { mode: 0o600 });
  renameSync(part, passphrase);
}
