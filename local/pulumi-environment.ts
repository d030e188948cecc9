import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dataDir, dataPaths } from "./paths.ts";

/**
 * Returns the environment for Pulumi on the embedded cluster: a home, a file backend and a generated passphrase in the
 * data folder, the kit's tools first on PATH, and the Docker engine in use. It creates the folders and the passphrase.
 *
 * @param binDir folder of the kit's tools.
 * @param socketPath the Docker engine's unix socket.
 */
export function pulumiEnvironment(binDir: string, socketPath: string): Record<string, string> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  mkdirSync(dataPaths.pulumiState, { recursive: true, mode: 0o700 });
  mkdirSync(dataPaths.pulumiHome, { recursive: true, mode: 0o700 });
  if (!existsSync(dataPaths.passphrase)) {
    writeFileSync(dataPaths.passphrase, randomBytes(32).toString("hex"), { mode: 0o600 });
  }
  return {
    PATH: `${binDir}:${process.env.PATH ?? ""}`,
    PULUMI_HOME: dataPaths.pulumiHome,
    PULUMI_BACKEND_URL: `file://${dataPaths.pulumiState}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: dataPaths.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    BREAKWATER_KUBECONFIG: dataPaths.kubeconfig,
    DOCKER_HOST: `unix://${socketPath}`,
  };
}
