import type { Report } from "./options/option.ts";
import { hasTls } from "./sections/nginx-tls.ts";
import type { StackConfig } from "./stack-config.ts";

const hstsHeader = "strict-transport-security";

/** Reports every broken rule between the options of TLS and others. */
export function checkTls(config: StackConfig, report: Report): void {
  const { nginx, cluster } = config;
  const { tls, serviceType, nodePort, publicUrl } = nginx;
  if (!hasTls(tls)) return;
  const header = Object.keys(nginx.securityHeaders).find((name) => name.toLowerCase() === hstsHeader);
  if (tls.hsts !== undefined && header !== undefined)
    report({
      path: `nginx.securityHeaders.${header}`,
      value: undefined,
      rule: "must be absent with nginx.tls.hsts, which sends this header",
      fix: `pulumi config rm --path nginx.securityHeaders.${header}`,
    });
  if (tls.nodePort !== undefined && serviceType === "ClusterIP")
    report({
      path: "nginx.tls.nodePort",
      value: tls.nodePort,
      rule: "needs nginx.serviceType NodePort or LoadBalancer",
      fix: "pulumi config set --path nginx.serviceType NodePort",
    });
  if (tls.nodePort !== undefined && tls.nodePort === nodePort)
    report({
      path: "nginx.tls.nodePort",
      value: tls.nodePort,
      rule: "must differ from nginx.nodePort, which is the port of HTTP",
    });
  if (publicUrl?.startsWith("http:"))
    report({
      path: "nginx.publicUrl",
      value: publicUrl,
      rule: "must start with https:// when the gateway has TLS",
      fix: `pulumi config set --path nginx.publicUrl ${publicUrl.replace("http:", "https:")}`,
    });
  const isPortUnknown =
    cluster.kubeContext !== undefined && serviceType === "NodePort" && tls.nodePort === undefined;
  if (isPortUnknown && tls.redirect && publicUrl === undefined)
    report({
      path: "nginx.tls.nodePort",
      value: undefined,
      rule: "is required with nginx.serviceType NodePort and nginx.tls.redirect, since redirects contain the port",
      fix: "pulumi config set --path nginx.tls.nodePort 30443; or set nginx.publicUrl, or nginx.tls.redirect false",
    });
}
