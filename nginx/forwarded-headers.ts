import type { Directives } from "./directives.ts";
import { hostToPod } from "./host.ts";
import type { NginxSettings } from "./settings.ts";

/** Headers that only a trusted proxy may set, besides those with a value of Nginx's own. */
const proxyOnly = ["Forwarded", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server"];

/**
 * Without trusted proxies, Nginx overwrites what a request says about its own origin. Requests of trusted proxies keep it:
 * the client's address is then the last one in X-Forwarded-For that is not trusted.
 *
 * With the PROXY protocol, the address in it counts if the connection comes from a trusted proxy.
 */
export function forwardedHeaders({
  trustedProxies: networks,
  proxyProtocol,
}: Pick<NginxSettings, "trustedProxies" | "proxyProtocol">): Directives {
  const own = { For: "$remote_addr", Proto: "$scheme", Host: `"${hostToPod}"` };
  const set = (name: string, value: string) => `proxy_set_header ${name} ${value};`;
  const trusted = networks.map(inShortestForm);
  const realIpFrom = trusted.map((network) => `set_real_ip_from ${network};`).join("\n");
  if (networks.length === 0 || proxyProtocol) {
    const lines = [
      set("X-Real-IP", "$remote_addr"),
      ...Object.entries(own).map(([name, value]) => set(`X-Forwarded-${name}`, value)),
      ...proxyOnly.map((name) => set(name, '""')),
    ];
    // A proxy that reports the address in the PROXY protocol passes on the client's headers as they are.
    const http = proxyProtocol ? { http: `${realIpFrom}\nreal_ip_header proxy_protocol;` } : {};
    return { ...http, server: lines.join("\n") };
  }
  const kept = (name: string) => `$kept_${name.toLowerCase().replaceAll("-", "_")}`;
  const sent = (name: string) => `$http_${name.toLowerCase().replaceAll("-", "_")}`;
  const map = (name: string, pattern: string, value: string, otherwise: string) => `
map "$from_trusted_proxy:${sent(name)}" ${kept(name)} {
  "~*^1:(${pattern})" ${value};
  default ${otherwise};
}`;
  const names = ["X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", ...proxyOnly];
  const maps = `# The client's address is that which the trusted proxies report.
${realIpFrom}
real_ip_header X-Forwarded-For;
real_ip_recursive on;
geo $realip_remote_addr $from_trusted_proxy {
  default 0;
${trusted.map((network) => `  ${network} 1;`).join("\n")}
}
# A proxy that does not send X-Forwarded-For may send X-Real-IP.
map "$from_trusted_proxy:$http_x_forwarded_for:$http_x_real_ip" ${kept("X-Real-IP")} {
  "~^1::(.+)$" $1;
  default $remote_addr;
}${map("X-Forwarded-For", ".+", '"$1, $realip_remote_addr"', "$realip_remote_addr")}${map("X-Forwarded-Proto", "https?\\b", "$1", own.Proto)}${map("X-Forwarded-Host", ".+", "$1", own.Host)}${proxyOnly.map((name) => map(name, ".+", "$1", '""')).join("")}`;
  return { http: maps, server: names.map((name) => set(name, kept(name))).join("\n") };
}

/** Nginx reads no IPv6 address in which "::" stands for a single group, which RFC 4291 allows. */
function inShortestForm(network: string): string {
  if (!network.includes(":")) return network;
  const [address = "", length] = network.split("/");
  const shortest = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  return length === undefined ? shortest : `${shortest}/${length}`;
}
