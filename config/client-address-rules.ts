import type { Report } from "./options/option.ts";
import { clientAddressUser, type NginxConfig } from "./sections/nginx.ts";

/**
 * Reports an option that needs the clients' addresses where they share a single address, or where each client chooses its
 * own.
 */
export function checkClientAddress(nginx: NginxConfig, report: Report): void {
  const path = clientAddressUser(nginx);
  if (path === undefined) return;
  const { serviceType, externalTrafficPolicy, trustedProxies } = nginx;
  const isLimit = path.startsWith("nginx.limits.");
  const setting = isLimit ? path : `nginx.balance ${nginx.balance}`;
  for (const [index, network] of trustedProxies.entries()) {
    if (!isPublic(network)) continue;
    report({
      path: `nginx.trustedProxies[${index}]`,
      value: network,
      rule: `lets every client choose its own address, so ${isLimit ? `${path} would limit nobody` : `with ${setting} every client would choose its pod`}`,
      fix: "name only the networks of the proxies",
    });
  }
  if (trustedProxies.length > 0) return;
  if (serviceType === "ClusterIP") {
    report({
      path,
      value: addressUserValue(nginx, path),
      rule: `needs the clients' addresses, but clients reach a Service of the type ClusterIP through a proxy, so ${isLimit ? "all of them would count as one" : "all requests would go to one pod"}`,
      fix: "name the proxies in nginx.trustedProxies, or set nginx.serviceType to NodePort or LoadBalancer",
    });
  } else if (externalTrafficPolicy === "Cluster") {
    report({
      path: "nginx.externalTrafficPolicy",
      value: externalTrafficPolicy,
      rule: `hides the clients' addresses, so ${isLimit ? `all clients of a node would count as one for ${path}` : `${setting} would send all requests of a node to one pod`}`,
      fix: "set it to Local, or name the proxies that report the addresses in nginx.trustedProxies",
    });
  }
}

function addressUserValue({ balance, hashKey, limits }: NginxConfig, path: string): unknown {
  if (path === "nginx.balance") return balance;
  if (path === "nginx.hashKey") return hashKey;
  return limits.concurrentRequests ?? limits.requestsPerSecond;
}

/** Whether a network has a large part of all addresses, as 0.0.0.0/0, ::/0 and 2000::/3 have. */
function isPublic(network: string): boolean {
  return /\/[0-3]$/.test(network);
}
