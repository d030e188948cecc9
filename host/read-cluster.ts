import { existsSync, readFileSync } from "node:fs";
import { Agent } from "node:https";
import { parse } from "yaml";
import { type ClusterAccess, ClusterApi } from "./cluster-api.ts";

/** The parts of a kubeconfig that this file reads. */
interface Kubeconfig {
  contexts?: { name: string; context?: { cluster?: string; user?: string } }[];
  clusters?: { name: string; cluster?: Record<string, string> }[];
  users?: { name: string; user?: Record<string, string> }[];
}

const clusterKeys = ["server", "certificate-authority-data", "extensions"];
const userKeys = ["client-certificate-data", "client-key-data", "token"];

/**
 * Opens a cluster to read a few objects. It loads the Kubernetes client, which takes 0.7 s, only for a kubeconfig that needs
 * it, for example for a credential plugin.
 *
 * @param files kubeconfig files; of entries with the same name, the first counts
 * @throws {UserError} when a file cannot be read or none has such a context.
 */
export async function openForReading(files: readonly string[], context: string): Promise<ClusterApi> {
  const present = files.filter((file) => existsSync(file));
  const access = plainAccess(
    present.map((file) => readFileSync(file, "utf8")),
    context,
  );
  if (access !== undefined) return new ClusterApi(access);
  const { openCluster } = await import("./open-cluster.ts");
  return openCluster(files, context);
}

/**
 * Access by what the kubeconfigs themselves contain: certificates or a token.
 *
 * @param kubeconfigs texts of the files; of entries with the same name, the first counts
 * @returns undefined when the context is missing, or needs anything else: other files, a proxy, a credential plugin.
 */
export function plainAccess(kubeconfigs: readonly string[], context: string): ClusterAccess | undefined {
  const parsed = kubeconfigs.map((text) => (parse(text) ?? {}) as Kubeconfig);
  const named = <Entry extends { name: string }>(entries: Entry[], name: string | undefined) =>
    entries.find((entry) => entry.name === name);
  const of = named(
    parsed.flatMap(({ contexts }) => contexts ?? []),
    context,
  )?.context;
  const cluster = named(
    parsed.flatMap(({ clusters }) => clusters ?? []),
    of?.cluster,
  )?.cluster;
  const user =
    named(
      parsed.flatMap(({ users }) => users ?? []),
      of?.user,
    )?.user ?? {};
  if (cluster?.server === undefined) return undefined;
  if (!has(cluster, clusterKeys) || !has(user, userKeys)) return undefined;
  return {
    server: cluster.server,
    fieldManager: "breakwater",
    addCredentials: async (options) => {
      if (cluster.server?.startsWith("https:")) options.agent = new Agent();
      options.ca = decode(cluster["certificate-authority-data"]);
      options.cert = decode(user["client-certificate-data"]);
      options.key = decode(user["client-key-data"]);
      if (user.token !== undefined) options.headers = { authorization: `Bearer ${user.token}` };
    },
  };
}

/** Whether an entry has only these keys. */
function has(entry: object, keys: readonly string[]): boolean {
  return Object.keys(entry).every((key) => keys.includes(key));
}

function decode(base64: string | undefined): Buffer | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, "base64");
}
