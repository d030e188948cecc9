import type { Report } from "./options/option.ts";
import type { ApiConfig } from "./sections/api.ts";
import type { LoadTestConfig } from "./sections/loadtest.ts";
import type { NginxConfig } from "./sections/nginx.ts";
import type { StackConfig } from "./stack-config.ts";
import { formatBytes, formatMillicpu } from "./units.ts";

/** Balance methods for which Nginx refuses `backup` servers. */
const withoutBackup: readonly string[] = ["hash", "ip-hash", "random-two"];

/** Reports every broken rule between options, of one section or of several. */
export function checkRules(config: StackConfig, report: Report): void {
  const { cluster, registry, nginx } = config;
  if (cluster.kubeconfig !== undefined && cluster.kubeContext === undefined) {
    report({
      path: "cluster.kubeconfig",
      value: cluster.kubeconfig,
      rule: "is read only together with cluster.kubeContext",
      fix: "name the context: pulumi config set --path cluster.kubeContext …",
    });
  }
  if ((registry.username === undefined) !== (registry.password === undefined)) {
    const missing = registry.username === undefined ? "username" : "password";
    report({
      path: `registry.${missing}`,
      value: undefined,
      rule: "must be given, since the other half of the credentials is",
      fix: `pulumi config set ${missing === "password" ? "--secret " : ""}--path registry.${missing} …`,
    });
  }
  for (const [name, settings] of Object.entries(config)) {
    if (!("cpuRequest" in settings)) continue;
    const { cpu, cpuRequest } = settings;
    if (cpuRequest > cpu) {
      report({
        path: `${name}.cpuRequest`,
        value: formatMillicpu(cpuRequest),
        rule: `must not be above ${name}.cpu, which is ${formatMillicpu(cpu)}`,
      });
    }
  }
  checkApi(config.api, report);
  checkNginx(nginx, config.api, report);
  checkLoadTest(config.loadtest, report);
  const { redis } = config;
  if (redis.storage < redis.memory * 2) {
    report({
      path: "redis.storage",
      value: formatBytes(redis.storage),
      rule: `must be at least twice redis.memory (${formatBytes(redis.memory)}): the log is rewritten while the old log still exists`,
    });
  }
}

function checkApi(api: ApiConfig, report: Report): void {
  const names = (api.pools ?? []).map((pool) => pool.name);
  names.forEach((name, index) => {
    if (names.indexOf(name) === index) return;
    report({
      path: `api.pools[${index}].name`,
      value: name,
      rule: "must be a name that no other pool has",
      fix: "rename one of them",
    });
  });
  if (api.pools?.every((pool) => pool.backup)) {
    report({
      path: "api.pools",
      value: undefined,
      rule: "must have a pool that is no backup",
      fix: "set backup: false on the pool that serves the traffic",
    });
  }
}

function checkLoadTest({ scenarios, gates }: LoadTestConfig, report: Report): void {
  for (const [name, { mix }] of Object.entries(scenarios)) {
    if (Object.values(mix).some((weight) => weight > 0)) continue;
    report({ path: `loadtest.scenarios.${name}.mix`, value: undefined, rule: "must have a weight above 0" });
  }
  for (const { metric, scenario } of gates) {
    if (scenario === undefined || Object.hasOwn(scenarios, scenario)) continue;
    report({
      path: "loadtest.gates",
      value: scenario,
      rule: `has a gate on ${metric} of a scenario that is none of ${Object.keys(scenarios).join(", ")}`,
      fix: "name one of them, or define it in loadtest.scenarios",
    });
  }
}

function checkNginx(nginx: NginxConfig, api: ApiConfig, report: Report): void {
  const backup = (api.pools ?? []).findIndex((pool) => pool.backup);
  if (backup >= 0 && withoutBackup.includes(nginx.balance)) {
    report({
      path: `api.pools[${backup}].backup`,
      value: true,
      rule: `cannot be combined with nginx.balance ${nginx.balance}, for which Nginx knows no backup servers`,
      fix: "use nginx.balance round-robin or least-conn, or drop the backup",
    });
  }
  if (nginx.nodePort !== undefined && nginx.serviceType === "ClusterIP") {
    report({
      path: "nginx.nodePort",
      value: nginx.nodePort,
      rule: "needs nginx.serviceType NodePort or LoadBalancer",
      fix: "pulumi config set --path nginx.serviceType NodePort",
    });
  }
}
