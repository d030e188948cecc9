import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The data folder: all state of the embedded cluster. `BREAKWATER_HOME` names another folder. The embedded cluster
 * belongs to root, so the default is one folder per machine.
 */
export const dataDir = process.env.BREAKWATER_HOME ?? "/var/lib/breakwater";

/** The cache folder: tools built from source, for all checkouts of this user. */
export const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "breakwater");

/** Files and folders of the data folder that several parts of `local/` use. */
export const dataPaths = {
  kubeconfig: join(dataDir, "kubeconfig"),
  pulumiHome: join(dataDir, "pulumi"),
  pulumiState: join(dataDir, "state"),
  passphrase: join(dataDir, "passphrase"),
  logs: join(dataDir, "log"),
  run: join(dataDir, "run"),
} as const;

/** The address of the embedded registry, as the Docker engine and containerd name it. */
export const registryAddress = "localhost:5000";
