import { existsSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import * as pulumi from "@pulumi/pulumi";
import { planDatabasePool } from "./config/database-pool.ts";
import { clusterAccess, derivePools, planAutoscale } from "./config/derive.ts";
import { loadConfig } from "./config/load.ts";
import { networkSettings } from "./config/network-settings.ts";
import { loadOf } from "./config/own-load.ts";
import { plainSecrets } from "./config/plain-secrets.ts";
import { releasePools } from "./config/release-pools.ts";
import { isOwnDatabase } from "./config/sections/database.ts";
import { labelValueOf, namespaceOf } from "./config/stack-names.ts";
import type { StackOutputs, Workload } from "./contract/outputs.ts";
import { openForReading } from "./host/read-cluster.ts";
import { Api } from "./k8s/api.ts";
import { writeApiBundle } from "./k8s/api-bundle.ts";
import { ApiImage } from "./k8s/api-image.ts";
import { beginScaling } from "./k8s/autoscaler.ts";
import { clusterDns } from "./k8s/cluster-dns.ts";
import { checkClusterNeeds } from "./k8s/cluster-needs.ts";
import { clusterProvider } from "./k8s/cluster-provider.ts";
import { Database } from "./k8s/database.ts";
import { readDnsCacheTime } from "./k8s/dns-cache.ts";
import { type Part, parts, recommendedLabels } from "./k8s/labels.ts";
import { endWithoutReader } from "./k8s/lost-output.ts";
import { fullStackName, ownerAnnotation, requireOwnNamespace } from "./k8s/namespace-owner.ts";
import { NetworkPolicies } from "./k8s/network-policies.ts";
import { NginxGateway } from "./k8s/nginx-gateway.ts";
import { nodesFor } from "./k8s/node-platforms.ts";
import { noticesOf } from "./k8s/notices.ts";
import { failedReleaseNotice, openRelease, readReleases, requireReleasedImage } from "./k8s/open-release.ts";
import { ownFields } from "./k8s/owned-fields.ts";
import { setDatabasePassword, settleRedisUsers } from "./k8s/password-jobs.ts";
import { createPasswordsInUse } from "./k8s/passwords-in-use.ts";
import { pinImages } from "./k8s/pinned-image.ts";
import { preflight } from "./k8s/preflight.ts";
import { requireRemovableDatabase } from "./k8s/protected-database.ts";
import { RedisCluster } from "./k8s/redis-cluster.ts";
import { createPullSecrets } from "./k8s/registry.ts";
import { chooseServedImage, pinPools } from "./k8s/served-image.ts";
import { recordNoPositions } from "./k8s/source-positions.ts";

endWithoutReader();
recordNoPositions();
const config = loadConfig();
const stackFile = join(import.meta.dirname, `Pulumi.${pulumi.getStack()}.yaml`);
const plain = existsSync(stackFile) ? plainSecrets(readFileSync(stackFile, "utf8"), pulumi.getProject()) : [];
for (const path of plain)
  void pulumi.log.warn(
    `${path} is not encrypted in the stack's file: pulumi config set --secret --path ${path} …`,
  );
for (const notice of noticesOf(config)) void pulumi.log.warn(notice);
const { storageClass, domain } = config.cluster;
const access = clusterAccess(config.cluster, process.env, import.meta.dirname, userInfo().homedir);
// It takes about as long as the questions to the cluster.
const bundling = writeApiBundle(import.meta.dirname);
// What the cluster refuses is reported first.
bundling.catch(() => undefined);
const isEmbedded = config.cluster.kubeContext === undefined;
const { provider, server } = clusterProvider(access, isEmbedded);
await checkClusterNeeds(config, access);
const ns = config.cluster.namespace ?? namespaceOf(pulumi.getStack());
const owner = fullStackName();
await requireOwnNamespace(access, ns, owner);
const hasOwnDatabase = isOwnDatabase(config.database);
if (!hasOwnDatabase) await requireRemovableDatabase(access, ns, config.database.enabled ? "url" : "enabled");
const opened = await openForReading(access.files, access.kubeContext);
const [records, nodes] = await Promise.all([readReleases(opened, ns), nodesFor(opened, config)]);
const release = openRelease(records, ns, process.env);
const found = await preflight(opened, ns, config);
const scaling = await beginScaling(opened, ns, "api", planAutoscale(config.api) !== undefined, found.live);
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));
const transformationsOf = (part: Part) => [ownFields, recommendedLabels(part, version)];
const ofStack = { name: labelValueOf(pulumi.getProject()), component: "stack" };
const restricted = Object.fromEntries(
  ["enforce", "warn", "audit"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
);
const isDatabaseProtected = hasOwnDatabase && config.database.protect;
const space = new Namespace(
  "namespace",
  { metadata: { name: ns, labels: restricted, annotations: { [ownerAnnotation]: owner } } },
  // Deleting the namespace deletes the database's volume.
  { provider, transformations: transformationsOf(ofStack), protect: isDatabaseProtected },
);
const optionsOf = (role: Workload["role"]) => ({
  providers: [provider],
  dependsOn: [space],
  transformations: transformationsOf(parts[role]),
});

const resolver = clusterDns(config.cluster.dnsAddress, provider);
const connections = networkSettings(config);
if (config.network.policies)
  new NetworkPolicies(
    "network",
    { namespace: ns, settings: connections, dnsAddress: resolver },
    { providers: [provider], dependsOn: [space], transformations: transformationsOf(ofStack) },
  );

const images = isEmbedded ? await pinImages(config.images) : config.images;
const bundle = await bundling;
const pullSecrets = createPullSecrets(config.registry, ns, {
  provider,
  dependsOn: [space],
  transformations: transformationsOf(ofStack),
});
const image = new ApiImage("api", {
  bundle,
  baseImage: images.node,
  platform: images.platform,
  registry: config.registry,
});
const choice = {
  config,
  images,
  project: import.meta.dirname,
  kitImage: image.imageName,
  release,
  deployments: found.live.deployments,
  nodes,
  env: process.env,
};
const served = await chooseServedImage(choice);
requireReleasedImage(release, served.image, config.api.pools !== undefined, process.env);
const failedBefore = release ? undefined : failedReleaseNotice(records, served.image);
if (failedBefore !== undefined) void pulumi.log.warn(failedBefore);
// The kit's own programs run in the API's image. They change with the release's last step only.
const kitImage = release?.kitImage ?? image.imageName;

const { url: outsideUrl } = config.database;
const database = hasOwnDatabase
  ? new Database(
      "database",
      {
        namespace: ns,
        config: config.database,
        image: images.postgres,
        storageClass,
        volumes: found.database,
        cluster: opened,
      },
      optionsOf("database"),
    )
  : { url: outsideUrl === undefined ? undefined : pulumi.secret(outsideUrl), workload: undefined };

const redis = new RedisCluster(
  "redis",
  {
    namespace: ns,
    config: config.redis,
    image: images[config.redis.server],
    domain,
    storageClass,
    volumes: found.redis,
    live: found.redisSet,
    usersOrigin: found.redisUsers,
    isOwnApi: config.api.contract.live !== undefined,
    formationJobs: found.formationJobs,
    cluster: opened,
    apiImage: kitImage,
    apiImageReady: image,
    apiPullSecrets: pullSecrets,
  },
  optionsOf("redis"),
);

const nodesBeforeApi = redis.comesAfterApi ? undefined : redis.createNodes();

const pools = releasePools(await pinPools(derivePools(config.api), choice), release);
const dnsCacheMs = await readDnsCacheTime(config.cluster, access);
const api = new Api(
  "api",
  {
    cluster: opened,
    namespace: ns,
    scaling,
    config: config.api,
    pools,
    dnsCacheMs,
    image: served.image,
    pullSecrets,
    ...(config.database.enabled && { databasePoolSize: planDatabasePool(config).poolSize }),
    hasOwnDatabase,
    volumeGeneration: config.database.volumeGeneration,
    databaseUrl: database.url,
    databaseCa: config.database.ca,
    redisNodes: redis.nodes,
    redisPassword: redis.users.passwords.api,
  },
  {
    ...optionsOf("api"),
    dependsOn: [
      space,
      image,
      ...(served.built === undefined ? [] : [served.built]),
      ...(redis.comesAfterApi ? redis.admission : [redis]),
      ...(nodesBeforeApi === undefined ? [] : [nodesBeforeApi.ready]),
      ...(database instanceof Database ? [database, database.ready] : []),
    ],
  },
);
const redisNodes = nodesBeforeApi ?? redis.createNodes(api, ...api.ready);
const databasePassword =
  database instanceof Database
    ? setDatabasePassword(
        "database-password",
        {
          namespace: ns,
          image: kitImage,
          pullSecrets,
          pod: config.database.pod,
          password: database.password,
          secretName: database.secretName,
          url: database.urlOfRole,
        },
        {
          provider,
          transformations: transformationsOf(parts.database),
          dependsOn: [space, database, api, ...api.ready],
        },
      )
    : undefined;
const inUse = createPasswordsInUse(
  ns,
  {
    ...(database instanceof Database && { database: database.password }),
    "redis-admin": redis.users.passwords.admin,
    "redis-hashes": redis.users.hashes,
    "internal-token": api.internalToken,
  },
  {
    provider,
    transformations: transformationsOf(ofStack),
    dependsOn: [
      space,
      redis,
      redisNodes.ready,
      api,
      ...api.ready,
      ...(databasePassword === undefined ? [] : [databasePassword]),
    ],
  },
);

settleRedisUsers("redis-users-only", redis.usersJob, {
  provider,
  transformations: transformationsOf(parts.redis),
  dependsOn: [space, inUse],
});

const nginx = new NginxGateway(
  "nginx",
  {
    cluster: opened,
    namespace: ns,
    domain,
    config: {
      ...config.nginx,
      nodePort: found.nodePort,
      tls: { ...config.nginx.tls, nodePort: found.tlsNodePort },
    },
    api: config.api,
    pools,
    image: images.nginx,
    resolver,
  },
  // The API comes first, so that a new gateway finds pods at its first DNS lookup.
  { ...optionsOf("nginx"), dependsOn: [space, api, ...api.ready] },
);

const load = loadOf(config);
const outputs = {
  endpoint: nginx.endpoint,
  namespace: ns,
  cluster: pulumi.output({
    kubeContext: access.kubeContext,
    server,
    namespaceUid: space.metadata.uid,
    ...(config.cluster.kubeContext !== undefined && { kubeconfig: config.cluster.kubeconfig }),
  }),
  apiImage: release?.pools ? release.stableImage : served.image,
  internalToken: api.internalToken,
  workloads: [
    ...api.workloads,
    nginx.workload,
    redisNodes.workload,
    ...(database.workload === undefined ? [] : [database.workload]),
  ],
  loadtest: {
    ...load,
    scenarios: Object.entries(load.scenarios).map(([name, scenario]) => ({ name, ...scenario })),
  },
  tls: nginx.tls,
  network: connections,
} satisfies { [K in keyof StackOutputs]: pulumi.Input<StackOutputs[K]> };

export const { endpoint, namespace, cluster, apiImage, internalToken, workloads, loadtest, tls, network } =
  outputs;
