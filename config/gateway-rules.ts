import { checkCache } from "./cache-rules.ts";
import { derivePools } from "./derive.ts";
import { clientZones, gatewayMemory, hashWeight, nginxWorkers, openConnections } from "./gateway-memory.ts";
import { imageVersion, isOlder, leastTimeNginx, oldestNginx } from "./nginx-version.ts";
import type { Report } from "./options/option.ts";
import { checkPaths } from "./path-rules.ts";
import { checkProtection } from "./protection-rules.ts";
import { checkRandomTwo } from "./random-two.ts";
import { hasRetryBudget } from "./retry-budget.ts";
import { hasTls } from "./sections/nginx-tls.ts";
import type { StackConfig } from "./stack-config.ts";
import { checkTls } from "./tls-rules.ts";
import { formatBytes, formatMilliseconds, MiB } from "./units.ts";
import { checkUnread } from "./unread-options.ts";

/** Balance methods for which Nginx refuses `backup` servers. */
const withoutBackup: readonly string[] = ["hash", "ip-hash", "random-two"];

/** Maximum sum of the weights with `balance: hash`. Nginx divides 32,768 values among them, so shares are exact within 6 %. */
const maxHashWeight = 2000;

/** Reports every broken rule of the gateway between options. */
export function checkGateway(config: StackConfig, report: Report): void {
  checkMethod(config, report);
  checkRandomTwo(config, report);
  checkVersion(config, report);
  checkService(config, report);
  checkProtection(config.nginx, report);
  checkLongLived(config, report);
  checkMetrics(config, report);
  checkJavaScript(config, report);
  checkProxyProtocol(config, report);
  checkTls(config, report);
  checkCache(config.nginx, report);
  checkPaths(config, report);
  checkUnread(config.nginx, report);
  const { nginx, api } = config;
  const pools = derivePools(api);
  const needed = gatewayMemory(nginx, pools);
  if (needed > nginx.memory) {
    const { rates, concurrent } = clientZones(nginx);
    const clients = rates + concurrent > 0 ? ", and the clients that are counted (nginx.limits)" : "";
    const secure = hasTls(nginx.tls) ? " over TLS" : "";
    const shown = nginx.metrics ? ", and the metrics (nginx.metrics)" : "";
    const kept = nginx.cache.paths.length > 0 ? ", and the cache (nginx.cache)" : "";
    report({
      path: "nginx.memory",
      value: formatBytes(nginx.memory),
      rule: `must be at least ${Math.ceil(needed / MiB)} MiB for ${nginxWorkers(nginx)} worker processes (nginx.cpu) with ${openConnections(nginx, pools)} connections each (nginx.workerConnections)${secure}${clients}${kept}${shown}`,
    });
  }
  if (nginx.keepalive !== undefined && nginx.keepalive >= openConnections(nginx, pools)) {
    report({
      path: "nginx.keepalive",
      value: nginx.keepalive,
      rule: `must be below nginx.workerConnections (${openConnections(nginx, pools)}), of which idle connections to pods take their share`,
    });
  }
}

function checkLongLived({ nginx }: StackConfig, report: Report): void {
  const { drain, timeout } = nginx;
  if (drain !== undefined && drain < timeout) {
    report({
      path: "nginx.drain",
      value: formatMilliseconds(drain),
      rule: `must be at least nginx.timeout (${formatMilliseconds(timeout)}), for which a request may wait for its pod`,
    });
  }
}

function checkMetrics({ nginx }: StackConfig, report: Report): void {
  if (nginx.podMonitor && !nginx.metrics)
    report({
      path: "nginx.podMonitor",
      value: true,
      rule: "needs nginx.metrics, without which the gateway pods have no metrics",
      fix: "pulumi config set --path nginx.metrics true",
    });
}

function checkJavaScript({ nginx, images }: Pick<StackConfig, "nginx" | "images">, report: Report): void {
  const users = [
    ...(nginx.metrics ? [{ path: "nginx.metrics", fix: "drop nginx.metrics" }] : []),
    ...(hasRetryBudget(nginx)
      ? [{ path: "nginx.retryBudget", fix: "set nginx.retryBudget.percent to 100" }]
      : []),
  ];
  if (users.length === 0 || !/:[^/]*-slim(?:@|$)/.test(images.nginx)) return;
  report({
    path: "images.nginx",
    value: images.nginx,
    rule: `must be an image with Nginx's JavaScript module for ${users.map(({ path }) => path).join(" and ")}; slim images have no modules`,
    fix: `use the image without -slim, or ${users.map(({ fix }) => fix).join(" and ")}`,
  });
}

function checkProxyProtocol({ nginx }: StackConfig, report: Report): void {
  if (!nginx.proxyProtocol) return;
  const path = "nginx.proxyProtocol";
  if (nginx.trustedProxies.length === 0)
    report({
      path,
      value: true,
      rule: "needs nginx.trustedProxies: only their word counts for a client's address",
    });
  if (nginx.publicUrl === undefined && nginx.serviceType !== "LoadBalancer")
    report({
      path,
      value: true,
      rule: "needs nginx.publicUrl: the gateway closes connections that do not come through the proxy, those of the load test too",
      fix: "set nginx.publicUrl to the proxy's address",
    });
}

function checkMethod({ nginx, api }: StackConfig, report: Report): void {
  const backup = (api.pools ?? []).findIndex((pool) => pool.backup);
  if (backup >= 0 && withoutBackup.includes(nginx.balance)) {
    report({
      path: `api.pools[${backup}].backup`,
      value: true,
      rule: `cannot be combined with nginx.balance ${nginx.balance}, for which Nginx knows no backup servers`,
      fix: "use nginx.balance round-robin or least-conn, or drop the backup",
    });
  }
  if (nginx.sticky && withoutBackup.includes(nginx.balance)) {
    report({
      path: "nginx.sticky",
      value: true,
      rule: `cannot be combined with nginx.balance ${nginx.balance}: without backup servers, the clients of a pool without a ready pod would get errors`,
      fix: "use nginx.balance round-robin or least-conn, or drop nginx.sticky",
    });
  }
  const weight = nginx.balance === "hash" ? hashWeight(derivePools(api)) : 0;
  if (weight > maxHashWeight) {
    report({
      path: "api.pools",
      value: undefined,
      rule: `give the pods weights of ${weight} in all, but nginx.balance hash takes at most ${maxHashWeight}`,
      fix: "bring the pools' weights closer together, or use another nginx.balance",
    });
  }
}

function checkVersion({ nginx, images }: StackConfig, report: Report): void {
  const version = imageVersion(images.nginx);
  if (version === undefined) return;
  if (isOlder(version, oldestNginx)) {
    report({
      path: "images.nginx",
      value: images.nginx,
      rule: `must be Nginx ${oldestNginx} or newer, which has the gateway's directives and no known fault in its maps (CVE-2026-42533)`,
    });
  }
  if (nginx.balance === "least-time" && isOlder(version, leastTimeNginx)) {
    report({
      path: "nginx.balance",
      value: nginx.balance,
      rule: `needs Nginx ${leastTimeNginx} or newer, or NGINX Plus, and images.nginx is Nginx ${version}`,
      fix: "set images.nginx to a newer image, or use nginx.balance least-conn",
    });
  }
}

function checkService({ nginx }: StackConfig, report: Report): void {
  const { serviceType, nodePort, externalTrafficPolicy } = nginx;
  if (serviceType !== "ClusterIP") return;
  const needsNodePort = {
    rule: "needs nginx.serviceType NodePort or LoadBalancer",
    fix: "pulumi config set --path nginx.serviceType NodePort",
  };
  if (nodePort !== undefined) report({ path: "nginx.nodePort", value: nodePort, ...needsNodePort });
  if (externalTrafficPolicy !== undefined)
    report({ path: "nginx.externalTrafficPolicy", value: externalTrafficPolicy, ...needsNodePort });
}
