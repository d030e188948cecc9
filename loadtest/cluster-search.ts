import { embeddedContext, embeddedKubeconfig, expandPath, kubeconfigsOf } from "../contract/kubeconfig.ts";
import type { ClusterIdentity, StackOutputs } from "../contract/outputs.ts";
import { UserError } from "../contract/user-error.ts";
import { ApiError } from "../host/cluster-api.ts";
import { openCluster, readKubeconfigs } from "../host/open-cluster.ts";

/** This user's access to the cluster of a stack. */
export interface FoundCluster {
  /** Files that belong together, as `$KUBECONFIG` lists them. */
  kubeconfig: readonly string[];
  kubeContext: string;
}

/** A deployed stack, and this user's access to its cluster. */
export interface ReachedStack extends Omit<StackOutputs, "cluster"> {
  cluster: FoundCluster;
}

/** Environment and folder that paths of kubeconfigs start from. */
export interface SearchSettings {
  env: NodeJS.ProcessEnv;
  folder: string;
}

/** A context that may lead to the stack's cluster. */
interface Candidate extends FoundCluster {
  /** Whether the context has the address of the API server that the deployer used. */
  sameAddress: boolean;
  /** Whether the outputs name this file, or the embedded cluster's commands do. */
  isNamed: boolean;
}

/**
 * Finds a context of this user that leads to the stack's cluster. Paths and names may differ from the deployer's: the
 * address of the API server chooses the context, and the UID of the stack's namespace proves the cluster. A user who may
 * not read the namespace needs the same address.
 *
 * @throws {UserError} with every context that was tried, when none leads there.
 */
export async function findCluster(outputs: StackOutputs, settings: SearchSettings): Promise<FoundCluster> {
  const { cluster, namespace } = outputs;
  const reasons: string[] = [];
  const candidates = sourcesOf(cluster, settings).flatMap((source) => contextsOf(source, cluster, reasons));
  candidates.sort((a, b) => Number(b.sameAddress) - Number(a.sameAddress));
  for (const candidate of candidates) {
    const reason = await whyNot(candidate, cluster, namespace);
    if (reason === undefined) return { kubeconfig: candidate.kubeconfig, kubeContext: candidate.kubeContext };
    reasons.push(`${candidate.kubeconfig.join(", ")}: ${reason}`);
  }
  throw noAccess(cluster, reasons);
}

interface Source {
  files: readonly string[];
  isNamed: boolean;
}

function sourcesOf({ kubeconfig, kubeContext }: ClusterIdentity, { env, folder }: SearchSettings): Source[] {
  const embedded =
    env.BREAKWATER_KUBECONFIG ?? (kubeContext === embeddedContext ? embeddedKubeconfig : undefined);
  return [
    ...(kubeconfig === undefined ? [] : [{ files: [expandPath(kubeconfig, env, folder)], isNamed: true }]),
    { files: kubeconfigsOf(env), isNamed: false },
    ...(embedded === undefined ? [] : [{ files: [embedded], isNamed: true }]),
  ];
}

/** The contexts of one source with the address or the name of the deployer's. */
function contextsOf({ files, isNamed }: Source, cluster: ClusterIdentity, reasons: string[]): Candidate[] {
  let config: ReturnType<typeof readKubeconfigs>;
  try {
    config = readKubeconfigs(files);
  } catch (error) {
    reasons.push((error as Error).message.replace("the kubeconfig of the stack cannot be read: ", ""));
    return [];
  }
  const found = config.contexts.flatMap(({ name, cluster: clusterName }): Candidate[] => {
    const server = config.getCluster(clusterName)?.server;
    const sameAddress =
      server !== undefined && cluster.server !== undefined && addressOf(server) === addressOf(cluster.server);
    if (server === undefined || !(sameAddress || name === cluster.kubeContext)) return [];
    return [{ kubeconfig: files, kubeContext: name, sameAddress, isNamed }];
  });
  if (found.length === 0)
    reasons.push(
      `${files.join(", ")}: no context of that name or address (it has: ${config.contexts.map(({ name }) => name).join(", ") || "none"})`,
    );
  return found;
}

/** A URL in the spelling that the URL standard gives it: lower case, without a default port and a trailing slash. */
function addressOf(server: string): string {
  return URL.canParse(server) ? new URL(server).href.replace(/\/$/, "") : server;
}

/** Why this context does not lead to the stack's cluster; undefined when it does. */
async function whyNot(
  { kubeconfig, kubeContext, sameAddress, isNamed }: Candidate,
  cluster: ClusterIdentity,
  namespace: string,
): Promise<string | undefined> {
  const context = `context ${kubeContext}`;
  const api = openCluster(kubeconfig, kubeContext);
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
    const { metadata } = await api.getJson<{ metadata: { uid: string } }>(path, 20_000);
    if (cluster.namespaceUid === undefined)
      return isNamed ? undefined : `${context}: the outputs do not say which cluster it is; deploy again`;
    if (metadata.uid === cluster.namespaceUid) return undefined;
    return `${context} leads to another cluster: its namespace ${namespace} is not the stack's`;
  } catch (error) {
    if (!(error instanceof ApiError)) return `${context}: ${(error as Error).message}`;
    if (error.status === 404) return `${context} leads to a cluster without the namespace ${namespace}`;
    const isTrusted = sameAddress || (cluster.server === undefined && isNamed);
    if (error.status === 403 && isTrusted) return undefined;
    return error.status === 401 || error.status === 403
      ? `${context} refuses this user: ${error.message}`
      : `${context} cannot be read: ${error.message}`;
  } finally {
    api.close();
  }
}

function noAccess({ kubeContext, server }: ClusterIdentity, reasons: readonly string[]): UserError {
  const where = server === undefined ? "of an older deployment" : server;
  return new UserError(
    [
      `no access to the cluster of the stack (context ${kubeContext}, ${where}):`,
      ...reasons.map((reason) => `    ${reason}`),
    ].join("\n"),
    server === undefined
      ? "deploy the stack once more, so that its outputs identify the cluster: npm run up"
      : `bring the cluster up (npm run up), or name a kubeconfig with a context for ${server}, of any name: KUBECONFIG=… npm run loadtest`,
  );
}
