import { readCertificates } from "../contract/certificates.ts";
import { planDatabasePool, reservedConnections } from "./database-pool.ts";
import { checkContractEnvironment } from "./environment-rules.ts";
import { checkGateway } from "./gateway-rules.ts";
import { databaseStartBytes } from "./memory.ts";
import { checkNoDatabase } from "./no-database.ts";
import type { Report } from "./options/option.ts";
import { checkRequests } from "./request-rules.ts";
import { type ApiConfig, defaultReplicas } from "./sections/api.ts";
import { embeddedDomain } from "./sections/cluster.ts";
import type { DatabaseConfig } from "./sections/database.ts";
import { embeddedPlatform } from "./sections/images.ts";
import type { LoadTestConfig } from "./sections/loadtest.ts";
import { exampleRequests } from "./sections/loadtest-requests.ts";
import type { StackConfig } from "./stack-config.ts";
import { formatBytes, formatMillicpu } from "./units.ts";

/** Reports every broken rule between options, of one section or of several. */
export function checkRules(config: StackConfig, report: Report): void {
  const { cluster, registry } = config;
  if (cluster.kubeconfig !== undefined && cluster.kubeContext === undefined) {
    report({
      path: "cluster.kubeconfig",
      value: cluster.kubeconfig,
      rule: "is read only together with cluster.kubeContext",
      fix: "name the context: pulumi config set --path cluster.kubeContext …",
    });
  }
  if (cluster.metricsServer && cluster.kubeContext !== undefined) {
    report({
      path: "cluster.metricsServer",
      value: true,
      rule: "is for the embedded cluster only, but cluster.kubeContext names another cluster",
      fix: "install metrics-server in that cluster yourself, and remove the option: pulumi config rm --path cluster.metricsServer",
    });
  }
  checkEmbedded(config, report);
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
  checkContractEnvironment(config, report);
  checkAutoscale(config.api, report);
  checkContract(config.api, report);
  if (config.database.enabled) checkDatabase(config, report);
  else checkNoDatabase(config, report);
  checkGateway(config, report);
  checkLoadTest(config.loadtest, report);
  checkRedis(config.redis, report);
}

function checkRedis(redis: StackConfig["redis"], report: Report): void {
  const { shards, replicasPerShard } = redis;
  if (shards === 2)
    report({
      path: "redis.shards",
      value: shards,
      rule: "must be 3 or more, or 1 for a single node: of two primaries, neither has a majority when the other fails",
    });
  if (shards === 1 && replicasPerShard > 0)
    report({
      path: "redis.replicasPerShard",
      value: replicasPerShard,
      rule: "must be 0 when redis.shards is 1: it takes three primaries to elect a replica in the place of one that failed",
    });
  if (redis.storage < redis.memory * 2) {
    report({
      path: "redis.storage",
      value: formatBytes(redis.storage),
      rule: `must be at least twice redis.memory (${formatBytes(redis.memory)}): the log is rewritten while the old log still exists`,
    });
  }
}

/** What the embedded cluster cannot have otherwise. */
function checkEmbedded({ cluster, images, api }: StackConfig, report: Report): void {
  if (cluster.kubeContext !== undefined) return;
  const ofNode = "the platform of its node and base images";
  const fixed = [
    ["cluster.domain", cluster.domain, embeddedDomain, "the domain of its DNS server"],
    ["images.platform", images.platform, embeddedPlatform, ofNode],
    ["api.source.platform", api.source.platform ?? embeddedPlatform, embeddedPlatform, ofNode],
  ] as const;
  for (const [path, value, only, what] of fixed) {
    if (value === only) continue;
    report({
      path,
      value,
      rule: `must be ${only}, ${what}, on the embedded cluster`,
      fix: `remove it: pulumi config rm --path ${path}; or name another cluster: pulumi config set --path cluster.kubeContext …`,
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
  if (api.pools?.every((pool) => pool.backup || pool.weight === 0)) {
    report({
      path: "api.pools",
      value: undefined,
      rule: "must have a pool that is no backup and has a weight above 0",
      fix: "set backup: false and a weight on the pool that serves the traffic",
    });
  }
}

function checkDatabase(config: StackConfig, report: Report): void {
  checkCertificates(config.database, report);
  checkBackup(config.database, report);
  checkDatabaseStart(config.database, report);
  const { maxConnections, poolSize: given } = config.database;
  const { poolSize, pods, neededConnections } = planDatabasePool(config);
  if (neededConnections <= maxConnections) return;
  const server = config.database.url === undefined ? "" : ", if the database accepts as many";
  report({
    path: "database.maxConnections",
    value: maxConnections,
    rule: `must be at least ${neededConnections}: a rolling update may run ${pods} API pods, each needs ${given === undefined ? "at least " : ""}${poolSize} connections (${given === undefined ? "more with api.workers" : "database.poolSize"}), and ${reservedConnections} stay free`,
    fix: `pulumi config set --path database.maxConnections ${neededConnections}${server}; or have fewer API pods${given === undefined ? "" : " or a smaller database.poolSize"}`,
  });
}

/** The rest of the memory is for the buffers and the sessions. A database that is killed at its start stays away. */
function checkDatabaseStart({ url, maxConnections, memory }: DatabaseConfig, report: Report): void {
  const bytes = databaseStartBytes(maxConnections);
  if (url !== undefined || 2 * bytes <= memory) return;
  report({
    path: "database.maxConnections",
    value: maxConnections,
    rule: `needs ${formatBytes(bytes)} when the database starts, which must be at most half of database.memory (${formatBytes(memory)})`,
    fix: `pulumi config set --path database.memory '${formatBytes(2 * bytes)}'`,
  });
}

function checkAutoscale({ autoscale, pools, replicas }: ApiConfig, report: Report): void {
  const { min, max } = autoscale;
  if (max === undefined) return;
  if (min > max)
    report({
      path: "api.autoscale.min",
      value: min,
      rule: `must be at most api.autoscale.max (${max})`,
      fix: `pulumi config set --path api.autoscale.min ${max}`,
    });
  if (pools !== undefined)
    report({
      path: "api.autoscale.max",
      value: max,
      rule: "is for a single pool, and api.pools gives each pool a fixed number of pods",
      fix: "remove one of them: pulumi config rm --path api.autoscale, or pulumi config rm --path api.pools",
    });
  if (replicas !== defaultReplicas)
    report({
      path: "api.replicas",
      value: replicas,
      rule: "is not read with api.autoscale.max, which gives the number of pods to the autoscaler",
      fix: "remove one of them: pulumi config rm --path api.replicas, or pulumi config rm --path api.autoscale",
    });
}

function checkContract({ contract, workers }: ApiConfig, report: Report): void {
  if (contract.live !== undefined) {
    if (workers !== 1)
      report({
        path: "api.workers",
        value: workers,
        rule: "is read by the kit's runtime only, and api.contract.live says that the API is another one",
        fix: "remove one of them: pulumi config rm --path api.workers, or pulumi config rm --path api.contract.live",
      });
    return;
  }
  const ofOthers = { ready: contract.ready, metrics: contract.metrics, public: contract.public[0] };
  for (const [option, value] of Object.entries(ofOthers))
    if (value !== undefined)
      report({
        path: `api.contract.${option}`,
        value,
        rule: "is read only with api.contract.live: the kit's runtime has probes and metrics of its own",
        fix: `pulumi config set --path api.contract.live /…, or pulumi config rm --path api.contract.${option}`,
      });
  if (contract.prefix !== "/api/")
    report({
      path: "api.contract.prefix",
      value: contract.prefix,
      rule: "must be /api/ without api.contract.live: the load test of the kit's own API has its routes there",
      fix: "pulumi config set --path api.contract.live /…, or pulumi config rm --path api.contract.prefix",
    });
}

function checkBackup({ backup: { schedule }, url }: DatabaseConfig, report: Report): void {
  if (schedule === undefined || url === undefined) return;
  report({
    path: "database.backup.schedule",
    value: schedule,
    rule: "is for the stack's own database, and database.url names another one",
    fix: "back that one up where it runs, and remove the option: pulumi config rm --path database.backup.schedule",
  });
}

function checkCertificates({ ca, url }: DatabaseConfig, report: Report): void {
  if (ca === undefined) return;
  if (url === undefined)
    report({
      path: "database.ca",
      value: undefined,
      rule: "is for the server of database.url, and the stack's own database has no TLS",
      fix: "set database.url, or remove the certificates: pulumi config rm --path database.ca",
    });
  const { count, unreadable } = readCertificates(ca);
  if (unreadable !== undefined)
    report({
      path: "database.ca",
      value: undefined,
      rule: `has ${count} certificates, of which number ${unreadable} cannot be read`,
      fix: 'give the authority\'s file unchanged: pulumi config set --path database.ca "$(cat ca.crt)"',
    });
}

function checkLoadTest({ scenarios, requests, gates }: LoadTestConfig, report: Report): void {
  checkRequests(requests, report);
  for (const [name, { mix, before }] of Object.entries(scenarios)) {
    const path = `loadtest.scenarios.${name}.mix`;
    if (!Object.values(mix).some((weight) => weight > 0))
      report({ path, value: undefined, rule: "must have a weight above 0" });
    const known = [...Object.keys(exampleRequests), ...Object.keys(requests)];
    for (const kind of Object.keys(mix))
      if (!known.includes(kind))
        report({
          path: `${path}.${kind}`,
          value: mix[kind],
          rule: `is no request: there is ${known.join(", ")}`,
          fix: `define it: pulumi config set --path loadtest.requests.${kind}.path /…`,
        });
    before.forEach((kind, index) => {
      if (Object.hasOwn(requests, kind)) return;
      report({
        path: `loadtest.scenarios.${name}.before[${index}]`,
        value: kind,
        rule: `must be a request of loadtest.requests: there is ${Object.keys(requests).join(", ") || "none"}`,
        fix: `define it: pulumi config set --path loadtest.requests.${kind}.path /…`,
      });
    });
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
