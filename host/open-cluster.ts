import { existsSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../contract/user-error.ts";
import { ClusterApi } from "./cluster-api.ts";

/**
 * Opens the cluster that kubeconfig files and a context name. The environment is ignored.
 *
 * @param kubeconfigs one file or several, which are merged as kubectl does: of entries with the same name, the first counts
 * @throws {UserError} when a file cannot be read or none has such a context.
 */
export function openCluster(kubeconfigs: string | readonly string[], context: string): ClusterApi {
  const files = [kubeconfigs].flat();
  const config = readKubeconfigs(files);
  config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    const known = config.contexts.map((each) => each.name).join(", ") || "none";
    throw new UserError(
      `${files.join(", ")} has no context ${context} (it has: ${known})`,
      "set cluster.kubeContext in the stack config to one of them and run pulumi up again",
    );
  }
  return new ClusterApi({
    server: cluster.server,
    fieldManager: "breakwater-loadtest",
    addCredentials: (options) => config.applyToHTTPSOptions(options),
    config,
  });
}

/** Reads and merges kubeconfig files. Missing files are left out if at least one exists. @throws {UserError} */
export function readKubeconfigs(files: readonly string[]): KubeConfig {
  const present = files.filter((file) => existsSync(file));
  const merged = new KubeConfig();
  for (const [index, file] of (present.length > 0 ? present : files).entries()) {
    try {
      if (index === 0) merged.loadFromFile(file);
      else mergeInto(merged, file);
    } catch (error) {
      throw new UserError(
        `the kubeconfig of the stack cannot be read: ${file} (${(error as Error).message})`,
        "bring the cluster up again (npm run up), or correct cluster.kubeconfig in the stack config",
        { cause: error },
      );
    }
  }
  return merged;
}

/** The library's own merge refuses a name that both files have. */
function mergeInto(merged: KubeConfig, file: string): void {
  const more = new KubeConfig();
  more.loadFromFile(file);
  const missingIn = <Entry extends { name: string }>(known: readonly Entry[], added: readonly Entry[]) =>
    added.filter(({ name }) => known.every((each) => each.name !== name));
  merged.clusters = [...merged.clusters, ...missingIn(merged.clusters, more.clusters)];
  merged.users = [...merged.users, ...missingIn(merged.users, more.users)];
  merged.contexts = [...merged.contexts, ...missingIn(merged.contexts, more.contexts)];
}
