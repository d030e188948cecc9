import type { Problem } from "../config/problem.ts";

/** Ports that Kubernetes gives to Services of the type NodePort, unless the API server is started with other ones. */
const highest = 32_767;

/** A port of the nodes that a Service has. */
export interface UsedPort {
  port: number;
  namespace: string;
  service: string;
  /** Name of the Service's port; undefined: none, or a port of the health check. */
  name?: string | undefined;
}

/** The gateway's port on the nodes, or why it cannot have it. */
export interface PortChoice {
  /** Undefined: Kubernetes chooses. */
  port: number | undefined;
  problems: Problem[];
}

/**
 * Chooses the gateway's port on the nodes. A port that stack config names must be free. Without one, the gateway keeps the
 * port that it has, and a new gateway gets the first free port from `preferred` on.
 *
 * @param path the option, `nginx.nodePort` or `nginx.tls.nodePort`
 * @param given its value
 * @param preferred undefined: Kubernetes chooses and keeps the port
 * @param own namespace and name of the gateway's Service, and the name of the port
 */
export function chooseNodePort(
  path: "nginx.nodePort" | "nginx.tls.nodePort",
  given: number | undefined,
  preferred: number | undefined,
  own: { namespace: string; service: string; name: string },
  used: readonly UsedPort[],
): PortChoice {
  const isOwn = ({ namespace, service }: UsedPort) => namespace === own.namespace && service === own.service;
  const owners = new Map(used.filter((entry) => !isOwn(entry)).map((entry) => [entry.port, entry]));
  const free = (from: number) => {
    for (let port = from; port <= highest; port++) if (!owners.has(port)) return port;
    return undefined;
  };
  if (given === undefined) {
    const present = used.find((entry) => isOwn(entry) && entry.name === own.name);
    const chosen = preferred && (present?.port ?? free(preferred));
    return { port: chosen, problems: [] };
  }
  const owner = owners.get(given);
  if (owner === undefined) return { port: given, problems: [] };
  const other = free(given + 1);
  const rule = `is the port of the Service ${owner.service} in the namespace ${owner.namespace}; each port of the nodes has one Service`;
  const fix =
    other === undefined
      ? "choose a free one: kubectl get services --all-namespaces"
      : `choose a free one: pulumi config set --path ${path} ${other}`;
  return { port: undefined, problems: [{ path, value: given, rule, fix }] };
}
