import type { NetworkSettings } from "../contract/network.ts";
import { hasTls } from "./sections/nginx-tls.ts";
import type { StackConfig } from "./stack-config.ts";

const postgresPort = 5432;

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
    ...(database.url !== undefined && { outsideDatabasePort: portOf(database.url) }),
  };
}

/** Port of a database's URL. The parameter `port` goes before the port after the host, as in the API's PostgreSQL client. */
function portOf(url: string): number {
  const { port, searchParams } = new URL(url);
  return Number(searchParams.get("port") || port || postgresPort);
}
