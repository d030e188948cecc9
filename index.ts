import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import * as pulumi from "@pulumi/pulumi";
import { clusterAccess, derivePools } from "./config/derive.ts";
import { loadConfig } from "./config/load.ts";
import type { StackOutputs } from "./contract/outputs.ts";
import { Api } from "./k8s/api.ts";
import { writeApiBundle } from "./k8s/api-bundle.ts";
import { ApiImage } from "./k8s/api-image.ts";
import { clusterDns } from "./k8s/cluster-dns.ts";
import { clusterProvider } from "./k8s/cluster-provider.ts";
import { Database } from "./k8s/database.ts";
import { NginxGateway } from "./k8s/nginx-gateway.ts";
import { ownFields } from "./k8s/owned-fields.ts";
import { RedisCluster } from "./k8s/redis-cluster.ts";
import { createPullSecrets } from "./k8s/registry.ts";

const config = loadConfig();
const { images } = config;
const { storageClass } = config.cluster;
const access = clusterAccess(config.cluster, process.env, import.meta.dirname);
const provider = clusterProvider(access, config.cluster.kubeContext === undefined);

const ns = config.cluster.namespace ?? `breakwater-${pulumi.getStack()}`;
const transformations = [ownFields];
const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
const space = new Namespace(
  "namespace",
  { metadata: { name: ns, labels: restricted } },
  { provider, transformations },
);
const inCluster = { providers: [provider], dependsOn: [space], transformations };

const bundle = writeApiBundle(import.meta.dirname);
const pullSecrets = createPullSecrets(config.registry, ns, { provider, dependsOn: [space], transformations });
const image = new ApiImage("api", { bundle, baseImage: images.node, registry: config.registry });

const database =
  config.database.url === undefined
    ? new Database(
        "database",
        { namespace: ns, config: config.database, image: images.postgres, storageClass },
        inCluster,
      )
    : { url: pulumi.secret(config.database.url), workload: undefined };

const redis = new RedisCluster(
  "redis",
  {
    namespace: ns,
    config: config.redis,
    image: images.redis,
    storageClass,
    apiImage: image.imageName,
    apiImageReady: image,
    apiPullSecrets: pullSecrets,
    redisProgramDigest: bundle.redisProgramDigest,
  },
  inCluster,
);

const pools = derivePools(config.api);
const api = new Api(
  "api",
  {
    namespace: ns,
    config: config.api,
    pools,
    image: image.imageName,
    pullSecrets,
    databaseUrl: database.url,
    redisNodes: redis.nodes,
    redisPassword: redis.password,
  },
  { ...inCluster, dependsOn: [space, image, redis, ...(database instanceof Database ? [database] : [])] },
);

const nginx = new NginxGateway(
  "nginx",
  {
    namespace: ns,
    config: config.nginx,
    uploadMax: config.api.uploadMax,
    pools,
    image: images.nginx,
    resolver: clusterDns(config.cluster.dnsAddress, provider),
  },
  // The API comes first, so that a new gateway finds pods at its first DNS lookup.
  { ...inCluster, dependsOn: [space, api] },
);

const outputs = {
  endpoint: nginx.endpoint,
  namespace: ns,
  cluster: access,
  apiImage: image.imageName,
  internalToken: api.internalToken,
  workloads: [
    ...api.workloads,
    nginx.workload,
    redis.workload,
    ...(database.workload === undefined ? [] : [database.workload]),
  ],
  loadtest: {
    ...config.loadtest,
    scenarios: Object.entries(config.loadtest.scenarios).map(([name, scenario]) => ({ name, ...scenario })),
  },
} satisfies { [K in keyof StackOutputs]: pulumi.Input<StackOutputs[K]> };

export const { endpoint, namespace, cluster, apiImage, internalToken, workloads, loadtest } = outputs;
