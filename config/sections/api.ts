import { type StackVariable, stackVariables } from "../api-environment.ts";
import { listOf, mapOf, section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { duration, flag, integer, integerOr, oneOf, size, spelling, text } from "../options/scalars.ts";
import { autoscale } from "./api-autoscale.ts";
import { contract } from "./api-contract.ts";
import { source } from "./api-source.ts";
import { container } from "./container.ts";
import { imageName, poolName, variableName } from "./names.ts";
import { pod } from "./pod.ts";

const pool = section("One Deployment of API pods.", {
  name: text({ ...poolName, required: true, doc: "Name of the pool; its Deployment is `api-<name>`." }),
  replicas: integer({ min: 0, max: 500, required: true, doc: "Number of pods." }),
  weight: integer({ min: 0, max: 1000, default: 1, doc: "Share of the traffic, relative to the weights of the other pools; with 0 the pods run without traffic ([pools.md](pools.md))." }),
  backup: flag({ default: false, doc: "Whether the pool gets traffic only when every other pool is down." }),
  image: text({ ...imageName, doc: "Image of the pool. Without it: the image built from this checkout." }),
});

const taken = Object.fromEntries(
  Object.entries<StackVariable>(stackVariables).map(([name, { setBy }]) => [
    name,
    {
      rule: `is set by ${setBy ?? "the stack itself"}`,
      fix: `remove it: pulumi config rm --path api.env.${name}${setBy === undefined ? "" : `; set ${setBy} instead`}`,
    },
  ]),
);

/** Folder of the API's program in its image. */
export const programFolder = "/app";

/** Mount paths of the volumes of the API pods, by name. */
export const apiVolumes = {
  tmp: "/tmp",
  "heap-snapshots": "/var/lib/heap-snapshots",
  uploads: "/var/lib/uploads",
  passwords: "/var/lib/passwords",
} as const;

/** Default of `api.replicas`. */
export const defaultReplicas = 3;

/** The API. */
export const api = section("The API.", {
  replicas: integer({ min: 0, max: 500, default: defaultReplicas, doc: "Number of API pods. Ignored when `api.pools` is given." }),
  autoscale,
  source,
  contract,
  pools: listOf(pool, { minItems: 1, doc: "Several Deployments of API pods, for example for a canary. Without it: one Deployment." }),
  ...container({ minMemory: "96 MiB", memory: "256 MiB", cpu: "1", cpuRequest: "100m", memoryDoc: " V8's heap is three quarters of what remains after 64 MiB." }),
  workers: integerOr("max", { min: 1, max: 64, default: 1, doc: "Number of processes that serve requests in each pod. `max`: as many as CPU and memory allow." }),
  uploadMax: size({ min: "1 KiB", max: "1 TiB", default: "1 GiB", doc: "Maximum size of a single upload. The gateway refuses larger ones." }),
  uploadVolume: size({ min: "1 MiB", max: "1 TiB", doc: "Size of a volume in each pod where uploads are kept until another program removes them; an upload that does not fit gets a 507. Without it, an upload is read, hashed and discarded." }),
  env: mapOf({ ...variableName, taken }, spelling({ secret: true, doc: "" }), {
    default: {},
    doc: "Additional environment variables of the API's containers, kept in a Secret: every variable of [api.md](api.md#environment) that no option sets, and your own.",
  }),
  cacheTtlSeconds: integer({ min: 1, max: 86_400, default: 300, doc: "Time in seconds after which a cached value expires." }),
  logLevel: oneOf(["trace", "debug", "info", "warn", "error", "fatal"], { default: "info", doc: "Lowest level that is logged." }),
  shutdownDelay: duration({ min: "0 s", max: "1 min", default: "3 s", doc: "Time for which a stopping pod, no longer ready, still accepts connections, after the time of `cluster.dnsTtl`." }),
  shutdownTimeout: duration({ min: "1 s", max: "10 min", default: "15 s", doc: "Maximum time that a stopping pod waits for requests in flight." }),
  internalTokenVersion: integer({ min: 1, max: 2 ** 31 - 1, default: 1, doc: "Another number generates another token for the internal port, in one `pulumi up` and without a failed request: [rotation.md](rotation.md)." }),
  podMonitor: flag({ default: false, doc: "Whether to create a PodMonitor for the metrics of the pods. The cluster needs the CustomResourceDefinition of the Prometheus operator. Without it, Prometheus finds the pods by their annotations `prometheus.io/scrape`." }),
  pod: pod(apiVolumes, [programFolder]),
});

/** The API. */
export type ApiConfig = ValueOf<typeof api>;
/** One Deployment of API pods. */
export type PoolConfig = ValueOf<typeof pool>;
/** Log levels of pino. */
export type LogLevel = ApiConfig["logLevel"];
