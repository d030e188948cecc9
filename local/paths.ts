import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where the embedded default keeps everything that it makes. `BREAKWATER_HOME` moves the whole folder;
 * the default is /var/lib/breakwater (the embedded cluster needs root, so one folder per machine).
 */
export const dataDir = process.env.BREAKWATER_HOME ?? "/var/lib/breakwater";

/** Tools built from source, shared by every checkout of this user: `$XDG_CACHE_HOME/breakwater`. */
export const cacheDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "breakwater");

/** Files of the data folder that more than one room of `local/` reads. */
export const dataPaths = {
  kubeconfig: join(dataDir, "kubeconfig"),
  pulumiHome: join(dataDir, "pulumi"),
  pulumiState: join(dataDir, "state"),
  passphrase: join(dataDir, "passphrase"),
  logs: join(dataDir, "log"),
  run: join(dataDir, "run"),
} as const;

/** The registry that the embedded default serves, as the Docker engine and containerd name it. */
export const registryAddress = "localhost:5000";
