import { nginxWorkers } from "./gateway-memory.ts";
import { complete, type Report } from "./options/option.ts";
import { repeatedMethods, repeatsRequests } from "./retry-budget.ts";
import { type NginxConfig, nginx } from "./sections/nginx.ts";
import { hasTls } from "./sections/nginx-tls.ts";
import { formatBytes, formatMilliseconds } from "./units.ts";

/** An option of the gateway that has an effect only with certain values of others. */
interface Dependent {
  path: string;
  value: (nginx: NginxConfig) => unknown;
  isRead: (nginx: NginxConfig) => boolean;
  /** The rule, as the end of a sentence. */
  rule: (nginx: NginxConfig) => string;
  /** The value as users write it. */
  show?: (value: number) => string;
}

const dependents: readonly Dependent[] = [
  {
    path: "nginx.hashKey",
    value: ({ hashKey }) => hashKey,
    isRead: ({ balance }) => balance === "hash",
    rule: ({ balance }) => `is read only with nginx.balance hash, and nginx.balance is ${balance}`,
  },
  {
    path: "nginx.failTimeout",
    value: ({ failTimeout }) => failTimeout,
    isRead: ({ maxFails }) => maxFails > 0,
    rule: () => "is read only with nginx.maxFails above 0",
    show: formatMilliseconds,
  },
  {
    path: "nginx.streamTimeout",
    value: ({ streamTimeout }) => streamTimeout,
    isRead: ({ streamPaths }) => streamPaths.length > 0,
    rule: () => "is read only for the paths of nginx.streamPaths, which has none",
    show: formatMilliseconds,
  },
  {
    path: "nginx.webSocketTimeout",
    value: ({ webSocketTimeout }) => webSocketTimeout,
    isRead: ({ methods }) => methods?.includes("GET") ?? true,
    rule: () => "is read only for WebSockets, which begin with a GET, and nginx.methods has no GET",
    show: formatMilliseconds,
  },
  {
    path: "nginx.retryTimeouts",
    value: ({ retryTimeouts }) => retryTimeouts,
    isRead: repeatsRequests,
    rule: nothingRepeated,
  },
  {
    path: "nginx.retryBudget.percent",
    value: ({ retryBudget }) => retryBudget.percent,
    isRead: repeatsRequests,
    rule: nothingRepeated,
  },
  {
    path: "nginx.retryBudget.perSecond",
    value: ({ retryBudget }) => retryBudget.perSecond,
    isRead: (nginx) => nginx.retryBudget.percent < 100 && repeatsRequests(nginx),
    rule: (nginx) =>
      repeatsRequests(nginx)
        ? "is read only with nginx.retryBudget.percent below 100, which is no bound"
        : nothingRepeated(),
  },
  {
    path: "nginx.maxConnectionsPerPod",
    value: ({ maxConnectionsPerPod }) => maxConnectionsPerPod,
    isRead: (nginx) => (nginx.maxConnectionsPerPod ?? 0) <= mostConnections(nginx),
    rule: neverReached,
  },
  {
    path: "nginx.limits.concurrentRequests",
    value: ({ limits }) => limits.concurrentRequests,
    isRead: (nginx) => (nginx.limits.concurrentRequests ?? 0) <= mostConnections(nginx),
    rule: neverReached,
  },
  {
    path: "nginx.limits.burst",
    value: ({ limits }) => limits.burst,
    isRead: ({ limits }) => limits.requestsPerSecond !== undefined,
    rule: () => "is read only together with nginx.limits.requestsPerSecond",
  },
  {
    path: "nginx.limits.clients",
    value: ({ limits }) => limits.clients,
    isRead: ({ limits }) => limits.requestsPerSecond !== undefined,
    rule: () => "is read only together with nginx.limits.requestsPerSecond",
  },
  {
    path: "nginx.cache.size",
    value: ({ cache }) => cache.size,
    isRead: ({ cache }) => cache.paths.length > 0,
    rule: () => "is read only for the paths of nginx.cache.paths, which has none",
    show: formatBytes,
  },
  ...(["redirect", "hsts", "nodePort", "ticketKeyVersion"] as const).map(
    (key): Dependent => ({
      path: `nginx.tls.${key}`,
      value: ({ tls }) => tls[key],
      isRead: ({ tls }) => hasTls(tls),
      rule: () => "needs a certificate: nginx.tls.secret, nginx.tls.certificate or nginx.tls.selfSigned",
      ...(key === "hsts" && { show: formatMilliseconds }),
    }),
  ),
];

/** Connections that all worker processes of a gateway pod may have: no more requests are in progress. */
function mostConnections(nginx: NginxConfig): number {
  return nginxWorkers(nginx) * nginx.workerConnections;
}

function nothingRepeated(): string {
  return `repeats only ${repeatedMethods.join(", ")}, and nginx.methods has none of them`;
}

function neverReached(nginx: NginxConfig): string {
  return `must be at most ${mostConnections(nginx)}, the connections of all worker processes (nginx.workerConnections, nginx.cpu), which it could never reach`;
}

/**
 * Reports every option that has no effect because of another one. An option that has its default value is not reported, since
 * stack config may not contain it.
 */
export function checkUnread(config: NginxConfig, report: Report): void {
  const defaults = nginx.read(complete(nginx, {}, true), "nginx", () => undefined);
  for (const { path, value, isRead, rule, show } of dependents) {
    const given = value(config);
    if (given === undefined || given === (defaults && value(defaults)) || isRead(config)) continue;
    report({
      path,
      value: typeof given === "number" && show !== undefined ? show(given) : given,
      rule: rule(config),
      fix: `remove it: pulumi config rm --path ${path}`,
    });
  }
}
