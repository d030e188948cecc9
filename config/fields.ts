import type { RequestKind, ScenarioConfig } from "../contract/outputs.ts";
import {
  bytes,
  decimal,
  type Field,
  flag,
  integer,
  integerOr,
  listOf,
  mapOf,
  millicpu,
  milliseconds,
  oneOf,
  secretScalar,
  secretText,
  section,
  text,
} from "./field.ts";
import { gates } from "./gates-field.ts";
import type {
  ApiConfig,
  ClusterConfig,
  DatabaseConfig,
  ImagesConfig,
  LoadTestConfig,
  NginxConfig,
  PoolConfig,
  RedisConfig,
  RegistryConfig,
  StackConfig,
} from "./schema.ts";
import { MiB } from "./units.ts";

const label = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const labelRule = "must be a DNS label: lower-case letters, digits and dashes, at most 63, a letter first";
const nonEmpty = /\S/;
const imageName =
  /^[a-z0-9][-a-z0-9._]*(:\d+)?(\/[a-z0-9][-a-z0-9._]*)*(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?$/;
const imageRule = 'must be an image name like "registry.example.org/node:24"';
const image = text(imageName, imageRule);
const duration = (min: number, max: number): Field<number> => milliseconds(min, max);

const container = { cpu: millicpu(10), cpuRequest: millicpu(1) };

const cluster: Field<ClusterConfig> = section(
  {
    kubeContext: text(nonEmpty, "must be the name of a context in the kubeconfig"),
    kubeconfig: text(nonEmpty, "must be the path of a kubeconfig file"),
    namespace: text(label, labelRule),
    dnsAddress: text(/^[0-9a-f.:]+$/i, "must be the IP address of the cluster's DNS Service"),
    storageClass: text(nonEmpty, "must be the name of a StorageClass"),
  },
  "kubeContext",
  "kubeconfig",
  "namespace",
  "dnsAddress",
  "storageClass",
);

const registry: Field<RegistryConfig> = section(
  {
    address: text(
      /^[a-z0-9][-a-z0-9.]*(:\d+)?(\/[a-z0-9][-a-z0-9._]*)*$/,
      'must be the host, port and path that images are pushed to, like "registry.example.org/team"',
    ),
    username: text(nonEmpty, "must not be empty"),
    password: secretText(nonEmpty, "must not be empty"),
  },
  "username",
  "password",
);

const images: Field<ImagesConfig> = section({ node: image, nginx: image, redis: image, postgres: image });

const pool: Field<PoolConfig> = section(
  {
    name: text(label, labelRule),
    replicas: integer(0, 500),
    weight: integer(1, 1000),
    backup: flag,
    image,
  },
  "image",
);

const api: Field<ApiConfig> = section(
  {
    ...container,
    memory: bytes(96 * MiB),
    replicas: integer(0, 500),
    pools: listOf(pool),
    workers: integerOr("max", 1, 64),
    uploadMax: bytes(1024),
    uploadVolume: bytes(MiB),
    env: mapOf(/^[A-Z_][A-Z0-9_]*$/i, "must be a variable name: letters, digits and _", secretScalar),
    cacheTtlSeconds: integer(1, 86_400),
    logLevel: oneOf("trace", "debug", "info", "warn", "error", "fatal"),
    shutdownDelay: duration(0, 60_000),
    shutdownTimeout: duration(1000, 600_000),
  },
  "pools",
  "uploadVolume",
);

const nginx: Field<NginxConfig> = section(
  {
    ...container,
    memory: bytes(32 * MiB),
    replicas: integer(0, 100),
    serviceType: oneOf("NodePort", "ClusterIP", "LoadBalancer"),
    nodePort: integer(30_000, 32_767),
    publicUrl: text(/^https?:\/\/[^\s/]+(\/\S*)?$/, "must be a URL that starts with http:// or https://"),
    balance: oneOf("round-robin", "least-conn", "random-two", "ip-hash", "hash", "least-time"),
    hashKey: text(/^\$[a-z_][\w]*$/, 'must be one Nginx variable like "$request_uri"'),
    keepalive: integer(1, 10_000),
    workerConnections: integer(64, 65_536),
    connectTimeout: duration(50, 75_000),
    timeout: duration(100, 3_600_000),
    maxFails: integer(0, 1000),
    failTimeout: duration(1000, 3_600_000),
    maxBody: bytes(1024),
    accessLog: flag,
  },
  "nodePort",
  "publicUrl",
);

const redis: Field<RedisConfig> = section({
  ...container,
  memory: bytes(32 * MiB),
  shards: integer(3, 100),
  replicasPerShard: integer(0, 5),
  storage: bytes(16 * MiB),
  nodeTimeout: duration(500, 60_000),
});

const database: Field<DatabaseConfig> = section(
  {
    ...container,
    memory: bytes(128 * MiB),
    storage: bytes(128 * MiB),
    runAsUser: integer(1, 2 ** 31 - 1),
    url: secretText(/^postgres(ql)?:\/\/\S+$/, "must be a URL like postgres://user:password@host:5432/name"),
  },
  "url",
);

const share = decimal(0, 1_000_000);

const scenario: Field<ScenarioConfig> = section(
  {
    about: text(nonEmpty, "must say what it does"),
    mix: section<Record<RequestKind, number>>({
      light: share,
      read: share,
      write: share,
      heavy: share,
      upload: share,
    }),
    rate: decimal(0.1, 1_000_000),
    connections: integer(1, 10_000),
    durationSeconds: integer(1, 86_400),
    warmupSeconds: integer(0, 3600),
    enabled: flag,
  },
  "about",
  "rate",
  "connections",
  "durationSeconds",
  "warmupSeconds",
);

const loadtest: Field<LoadTestConfig> = section({
  connections: integer(1, 10_000),
  durationSeconds: integer(1, 86_400),
  warmupSeconds: integer(0, 3600),
  users: integer(1, 1_000_000),
  threads: integer(1, 64),
  scenarios: mapOf(/^[a-z][-a-z0-9]*$/, "must be a name: lower-case letters, digits and dashes", scenario),
  gates,
});

/** The whole of the stack config: every key, its rule and its type. */
export const stackFields: Field<StackConfig> = section({
  cluster,
  registry,
  images,
  api,
  nginx,
  redis,
  database,
  loadtest,
});
