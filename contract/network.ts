/** What the connections of the stack depend on, beside its workloads. `network` of the stack outputs. */
export interface NetworkSettings {
  /** Whether the stack has NetworkPolicies. */
  policies: boolean;
  /** Namespaces and networks that may read metrics. */
  metricsNamespaces: string[];
  metricsNetworks: string[];
  /** Further servers that the API's pods connect to. */
  egress: { network: string; ports: number[]; protocol: "TCP" | "UDP" }[];
  /** Addresses of DNS servers beside the pods of `kube-system`; absent: unknown. */
  dnsServers?: string[];
  /** Addresses of the cluster's API server; absent: unknown. */
  apiServers?: string[];
  /** Port of the API for requests. Absent, as the next one, in the outputs of an older program: 3000, and true. */
  apiPort?: number;
  /** Whether the API has a port of its own for probes and metrics. */
  hasInternalPort?: boolean;
  /** Whether the gateway has HTTPS, and metrics. */
  hasTls: boolean;
  hasGatewayMetrics: boolean;
  /** Whether the API has a database. Absent in the outputs of an older program: true. */
  hasDatabase?: boolean;
  /** Port of a database outside the stack; absent: the stack has its own, or there is none. */
  outsideDatabasePort?: number;
}
