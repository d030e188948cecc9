import type { NetworkSettings } from "../contract/network.ts";
import { hasTls } from "./sections/nginx-tls.ts";
import type { StackConfig } from "./stack-config.ts";
import { portOf } from "./stack-values.ts";

/** What the connections of the stack depend on. */
export function networkSettings({
  network,
  nginx,
  database,
  api,
}: Pick<StackConfig, "network" | "nginx" | "database" | "api">): NetworkSettings {
  const { apiServers, dnsServers, ...lists } = network;
  return {
    ...lists,
    apiPort: api.contract.port,
    // The kit's runtime has a port of its own for metrics.
    hasInternalPort: api.contract.live === undefined,
    hasTls: hasTls(nginx.tls),
    hasGatewayMetrics: nginx.metrics,
    ...(apiServers !== undefined && { apiServers }),
    ...(dnsServers !== undefined && { dnsServers }),
    hasDatabase: database.enabled,
    ...(database.url !== undefined && { outsideDatabasePort: Number(portOf(database.url)) }),
  };
}
