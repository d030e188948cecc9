import { isIPv6 } from "node:net";
import { hasTls } from "../config/sections/nginx-tls.ts";
import { type Directives, directivesOf, indented } from "./directives.ts";
import { type NginxSettings, nginxPort, nginxProbePort, nginxTlsPort } from "./settings.ts";
import { plainServer, tlsServer } from "./tls.ts";

/**
 * The server blocks: one for HTTP, and with TLS another one for HTTPS.
 *
 * @param concerns directives of all locations but those whose requests go to pods
 * @param api the locations whose requests go to pods
 */
export function servers(
  settings: NginxSettings,
  concerns: readonly Directives[],
  api: Directives,
): Directives {
  const proxied = settings.proxyProtocol ? " proxy_protocol" : "";
  const probes = settings.proxyProtocol ? [probeServer(settings, concerns)] : [];
  const plain = listens(settings, nginxPort, proxied);
  if (!hasTls(settings.tls)) return { http: [server(plain, [...concerns, api]), ...probes].join("\n\n") };
  const { redirect } = settings.tls;
  const blocks = [
    server(plain, [plainServer(settings), ...concerns, ...(redirect ? [] : [api])]),
    server(listens(settings, nginxTlsPort, ` ssl${proxied}`), [tlsServer(settings.tls), ...concerns, api]),
    ...probes,
  ];
  return { http: blocks.join("\n\n") };
}

/** The kubelet's probes do not begin with the PROXY protocol. Requests to pods are not taken here. */
function probeServer(settings: NginxSettings, concerns: readonly Directives[]): string {
  const others = { server: "location / {\n  return 404;\n}" };
  return server(listens(settings, nginxProbePort, ""), [...concerns, others]);
}

/** The port on all addresses of the families that the pods have. */
function listens(settings: NginxSettings, port: number, parameters: string): string {
  const onIpv4 = `listen ${port}${parameters} reuseport backlog=4096;`;
  if (!settings.ipv6 && !isIPv6(settings.resolver)) return onIpv4;
  return `${onIpv4}\nlisten [::]:${port}${parameters} reuseport backlog=4096 ipv6only=on;`;
}

function server(listen: string, concerns: readonly Directives[]): string {
  return `server {
${indented(listen, 2)}
  # The Host of requests that have none.
  server_name localhost;

${directivesOf(concerns, "server", 2)}
}`;
}
