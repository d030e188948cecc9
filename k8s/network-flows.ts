import { backupName } from "../contract/database-backup.ts";
import type { NetworkSettings } from "../contract/network.ts";
import { controllerName, controllerPort } from "../contract/redis-controller.ts";
import { nginxMetricsPort, nginxPort, nginxTlsPort } from "../nginx/settings.ts";
import {
  apiInternalPort,
  databasePort,
  apiPort as defaultApiPort,
  redisBusPort,
  redisPort,
} from "./ports.ts";

/** A selector of pods as NetworkPolicies have it. */
export interface PodSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: "Exists" }[];
}

/** Pods of other namespaces, or a network. */
export type Peer =
  | { namespaceSelector: { matchLabels: Record<string, string> } }
  | { ipBlock: { cidr: string } };

const ofApp = (name: string): PodSelector => ({ matchLabels: { "app.kubernetes.io/name": name } });

/** Pods that the load test runs beside the stack to compare two images: they have this label, and none of the API's. */
export const comparedImageLabel = "breakwater/compared-image";

/** Groups of pods in the stack's namespace. Labels that every version of the program gives them select them. */
export const podGroups = {
  nginx: ofApp("nginx"),
  api: ofApp("api"),
  redis: ofApp("redis"),
  database: ofApp("database"),
  [controllerName]: ofApp(controllerName),
  "redis-formation": ofApp("redis-formation"),
  "redis-password": ofApp("redis-password"),
  "database-password": ofApp("database-password"),
  [backupName]: ofApp(backupName),
  "redis-check": ofApp("redis-check"),
  "compared-image": { matchExpressions: [{ key: comparedImageLabel, operator: "Exists" as const }] },
} satisfies Record<string, PodSelector>;

/** A group of pods in the stack's namespace. */
export type PodGroup = keyof typeof podGroups;
/** What is outside the stack. */
export type OutsidePlace =
  | "clients"
  | "metrics readers"
  | "DNS"
  | "API server"
  | "outside database"
  | "network.egress";
/** One end of a flow. */
export type Place = PodGroup | OutsidePlace;

export interface FlowPort {
  port: number;
  protocol: "TCP" | "UDP";
}

/** Connections that are admitted; all others are refused. */
export interface Flow {
  from: Place;
  to: Place;
  ports: FlowPort[];
  /** What the connections are for. */
  purpose: string;
  /** The place outside the stack; absent: every address, or both ends are inside. */
  peers?: Peer[];
}

/** Usual ports of a Kubernetes API server, behind the Service `kubernetes` as well. */
const apiServerPorts = [443, 6443, 8443, 16443];
/** DNS caches of the nodes, and the DNS servers of clouds, have such addresses. */
const linkLocal = "169.254.0.0/16";
const tcp = (...ports: number[]): FlowPort[] => ports.map((port) => ({ port, protocol: "TCP" }));

/**
 * The connections of a stack: the only list of them. NetworkPolicies, the table in docs/network.md and
 * `npm run prove:network` come from it.
 */
export function stackFlows(settings: NetworkSettings): Flow[] {
  const { hasTls, hasGatewayMetrics, apiPort = defaultApiPort } = settings;
  const hasDatabase = settings.outsideDatabasePort === undefined && settings.hasDatabase !== false;
  const flows: Flow[] = [
    {
      from: "clients",
      to: "nginx",
      ports: tcp(nginxPort, ...(hasTls ? [nginxTlsPort] : [])),
      purpose: "requests, over HTTP and HTTPS",
    },
    { from: "nginx", to: "api", ports: tcp(apiPort), purpose: "requests" },
    ...apiFlows("api", settings),
    {
      from: "redis",
      to: "redis",
      ports: tcp(redisPort, redisBusPort),
      purpose: "replication, moves of slots, handovers; the cluster bus",
    },
    { from: controllerName, to: "redis", ports: tcp(redisPort), purpose: "forming and mending the cluster" },
    {
      from: controllerName,
      to: "API server",
      ports: tcp(...apiServerPorts),
      purpose: "its Lease, the StatefulSet, the pods",
      ...(settings.apiServers && { peers: settings.apiServers.map(block) }),
    },
    {
      from: "redis-formation",
      to: controllerName,
      ports: tcp(controllerPort),
      purpose: "the Job that waits for the cluster",
    },
    { from: "redis-password", to: "redis", ports: tcp(redisPort), purpose: "the Job of a rotation" },
    ...(hasDatabase ? databaseFlows : []),
    { from: "redis-check", to: "redis", ports: tcp(redisPort), purpose: "`npm run redis:check`" },
    {
      from: "clients",
      to: "compared-image",
      ports: tcp(apiPort),
      purpose: "`npm run loadtest -- --compare-images`",
    },
    ...apiFlows("compared-image", settings),
    ...metricsFlows(settings, hasGatewayMetrics),
  ];
  const groups = (Object.keys(podGroups) as PodGroup[]).filter(
    // The database opens no connections.
    (group) => group !== "database" && (hasDatabase || !(group in databaseClients)),
  );
  return [...flows, ...groups.map((from) => dnsFlow(from, settings))];
}

/** Groups of pods that exist beside the stack's own database. */
const databaseClients: Partial<Record<PodGroup, string>> = {
  "database-password": "the Job of a rotation",
  [backupName]: "backups",
};

const databaseFlows = Object.entries(databaseClients).map(
  ([from, purpose]): Flow => ({ from: from as PodGroup, to: "database", ports: tcp(databasePort), purpose }),
);

function apiFlows(from: PodGroup, settings: NetworkSettings): Flow[] {
  const { outsideDatabasePort, hasDatabase = true, egress } = settings;
  const toDatabase: Flow =
    outsideDatabasePort === undefined
      ? { from, to: "database", ports: tcp(databasePort), purpose: "queries" }
      : {
          from,
          to: "outside database",
          ports: tcp(outsideDatabasePort),
          purpose: "queries (`database.url`)",
        };
  return [
    { from, to: "redis", ports: tcp(redisPort), purpose: "the cache" },
    ...(hasDatabase ? [toDatabase] : []),
    ...egress.map(
      ({ network, ports, protocol }): Flow => ({
        from,
        to: "network.egress",
        ports: ports.map((port) => ({ port, protocol })),
        purpose: "servers that stack config names",
        peers: [block(network)],
      }),
    ),
  ];
}

function metricsFlows(settings: NetworkSettings, hasGatewayMetrics: boolean): Flow[] {
  const { apiPort = defaultApiPort, hasInternalPort = true } = settings;
  const peers = [...settings.metricsNamespaces.map(namespace), ...settings.metricsNetworks.map(block)];
  if (peers.length === 0) return [];
  const flow = (to: PodGroup, port: number): Flow => ({
    from: "metrics readers",
    to,
    ports: tcp(port),
    purpose: "`/metrics`",
    peers,
  });
  return [
    flow("api", hasInternalPort ? apiInternalPort : apiPort),
    ...(hasGatewayMetrics ? [flow("nginx", nginxMetricsPort)] : []),
    flow(controllerName, controllerPort),
  ];
}

function dnsFlow(from: PodGroup, { dnsServers }: NetworkSettings): Flow {
  const ports = (port: number): FlowPort[] => [
    { port, protocol: "UDP" },
    { port, protocol: "TCP" },
  ];
  const flow = { from, to: "DNS", purpose: "host names" } as const;
  // The DNS servers of a cluster may be neither in kube-system nor pods, and listen on another port than their Service.
  if (dnsServers === undefined) return { ...flow, ports: [...ports(53), ...ports(5353)] };
  return {
    ...flow,
    ports: ports(53),
    peers: [namespace("kube-system"), ...[linkLocal, ...dnsServers].map(block)],
  };
}

/** Every namespace has this label with its name. */
function namespace(name: string): Peer {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } };
}

/** A network, also of a single address without the length of its prefix. */
function block(network: string): Peer {
  const length = network.includes(":") ? 128 : 32;
  return { ipBlock: { cidr: network.includes("/") ? network : `${network}/${length}` } };
}
