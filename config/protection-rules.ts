import type { Report } from "./options/option.ts";
import { clientAddressUser, type NginxConfig } from "./sections/nginx.ts";
import { reservedHeaders } from "./sections/nginx-headers.ts";

/** Most bytes of all security headers together: clients and proxies take 8 KiB of headers, the API's own among them. */
const maxHeaderBytes = 4096;
const maxHeaders = 32;

/** Reports every broken rule of the options that protect the API: limits of each client, and security headers. */
export function checkProtection(nginx: NginxConfig, report: Report): void {
  checkClientAddress(nginx, report);
  checkHeaders(nginx.securityHeaders, report);
  const { burst, requestsPerSecond } = nginx.limits;
  if (burst !== undefined && requestsPerSecond === undefined) {
    report({
      path: "nginx.limits.burst",
      value: burst,
      rule: "is read only together with nginx.limits.requestsPerSecond",
      fix: "pulumi config set --path nginx.limits.requestsPerSecond …, or remove the burst",
    });
  }
}

/** A limit of each client is one of all clients together when they share an address, and none when they choose it. */
function checkClientAddress(nginx: NginxConfig, report: Report): void {
  const path = clientAddressUser({ ...nginx, balance: "round-robin" });
  if (path === undefined) return;
  const { serviceType, externalTrafficPolicy, trustedProxies, limits } = nginx;
  const everyone = trustedProxies.findIndex((network) => network.endsWith("/0"));
  if (everyone >= 0) {
    report({
      path: `nginx.trustedProxies[${everyone}]`,
      value: trustedProxies[everyone],
      rule: `lets every client choose its own address, so ${path} would limit nobody`,
      fix: "name only the networks of the proxies",
    });
  }
  if (trustedProxies.length > 0) return;
  const value = limits.concurrentRequests ?? limits.requestsPerSecond;
  if (serviceType === "ClusterIP") {
    report({
      path,
      value,
      rule: "needs the clients' addresses, but clients reach a Service of the type ClusterIP through a proxy, so all of them would count as one",
      fix: "name the proxies in nginx.trustedProxies, or set nginx.serviceType to NodePort or LoadBalancer",
    });
  } else if (externalTrafficPolicy === "Cluster") {
    report({
      path: "nginx.externalTrafficPolicy",
      value: externalTrafficPolicy,
      rule: `hides the clients' addresses, so all clients of a node would count as one for ${path}`,
      fix: "set it to Local, or name the proxies that report the addresses in nginx.trustedProxies",
    });
  }
}

function checkHeaders(headers: NginxConfig["securityHeaders"], report: Report): void {
  const names = Object.keys(headers);
  for (const [index, name] of names.entries()) {
    const path = `nginx.securityHeaders.${name}`;
    const value = headers[name];
    if (reservedHeaders.includes(name.toLowerCase())) {
      report({
        path,
        value,
        rule: "is not a security header: Nginx or the API sets it for each response",
        fix: "remove the key",
      });
    }
    const first = names.findIndex((other) => other.toLowerCase() === name.toLowerCase());
    if (first < index) {
      report({
        path,
        value,
        rule: `is the same header as ${names[first]}`,
        fix: `write it as ${names[first]}`,
      });
    }
  }
  const bytes = Object.entries(headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length + 4,
    0,
  );
  if (bytes > maxHeaderBytes || names.length > maxHeaders) {
    report({
      path: "nginx.securityHeaders",
      value: undefined,
      rule: `must be at most ${maxHeaders} headers of ${maxHeaderBytes} bytes in all, but are ${names.length} of ${bytes} bytes`,
      fix: "remove headers, or shorten their values",
    });
  }
}
