import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import { apiRedisUser } from "../config/api-environment.ts";
import type { ReleasedPoolPlan } from "../config/release-pools.ts";
import { ownNames, stackValueOf } from "../config/stack-values.ts";
import type { Workload } from "../contract/outputs.ts";
import { type ApiPoolArgs, createApiPool } from "./api-pool.ts";
import { generatedPassword } from "./password.ts";
import { createPodMonitor } from "./pod-monitor.ts";
import { apiInternalPort } from "./ports.ts";
import { createDisruptionBudget, selectorLabels, skipAwait } from "./workload.ts";

/** The API's settings, and the services that it uses. */
export interface ApiArgs extends Omit<ApiPoolArgs, "name" | "pool" | "secretName"> {
  pools: ReleasedPoolPlan[];
  /** Absent: the API has no database. */
  databaseUrl: pulumi.Input<string> | undefined;
  redisPassword: pulumi.Input<string>;
}

/** The variables of `api.contract.env`. */
function contractVariables({ config, databaseUrl, redisNodes, redisPassword }: ApiArgs) {
  const services = pulumi.all([databaseUrl, redisPassword]).apply(([databaseUrl, redisPassword]) => ({
    databaseUrl,
    redisNodes,
    redisUser: apiRedisUser,
    redisPassword,
  }));
  return Object.fromEntries(
    ownNames(config.contract.env).map(([name, value]) => [
      name,
      pulumi.secret(services.apply((known) => stackValueOf(value, known))),
    ]),
  );
}

/** The API: a Deployment and a headless Service for each pool, and one ordinary Service for all pools. */
export class Api extends pulumi.ComponentResource {
  readonly workloads: Workload[];
  /** The pools' Deployments, once their pods are ready. */
  readonly ready: pulumi.Output<pulumi.Resource>[];
  /** Token for the routes of the internal port, except probes and metrics. */
  readonly internalToken: pulumi.Output<string>;

  constructor(name: string, args: ApiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:Api", name, {}, opts);
    this.internalToken = generatedPassword(
      `${name}-internal-token`,
      args.config.internalTokenVersion,
      { parent: this },
      "internalToken",
    );
    const keepsSecret = args.pools.some(({ isCanary, keepsSpec }) => !isCanary && keepsSpec);
    const secret = this.#createSecret(name, args, keepsSecret);
    const allPools = selectorLabels(name);
    this.#createService(name, args, allPools);
    createDisruptionBudget(name, args.namespace, allPools, this);
    const { podMonitor, contract } = args.config;
    const [port, path] = contract.live === undefined ? ["internal", "/metrics"] : ["http", contract.metrics];
    if (podMonitor && path !== undefined)
      createPodMonitor(name, { namespace: args.namespace, matchLabels: allPools, port, path }, this);
    const pools = args.pools.map((pool) => {
      const ownSecret = pool.isCanary ? this.#createSecret(pool.name, args, pool.keepsSpec) : secret;
      return createApiPool({ ...args, name, pool, secretName: ownSecret.metadata.name }, this);
    });
    this.workloads = pools.map(({ workload }) => workload);
    this.ready = pools.map(({ ready }) => ready);
    this.registerOutputs({});
  }

  /**
   * Creates the Secret with all variables that may be confidential, those of `api.env` included.
   *
   * @param keepsData whether a Secret that exists keeps its variables: pods of an old version restart with them
   */
  #createSecret(name: string, args: ApiArgs, keepsData = false): Secret {
    const stringData = {
      INTERNAL_TOKEN: this.internalToken,
      ...args.config.env,
      ...contractVariables(args),
      ...(args.databaseUrl !== undefined && { DATABASE_URL: args.databaseUrl }),
      REDIS_PASSWORD: args.redisPassword,
    };
    // The provider turns `stringData` into `data`, which the state has.
    const options = { parent: this, ignoreChanges: keepsData ? ["stringData", "data"] : [] };
    return new Secret(name, { metadata: { namespace: args.namespace }, stringData }, options);
  }

  #createService(name: string, args: ApiArgs, selector: Record<string, string>): void {
    const metadata = { name, namespace: args.namespace, annotations: skipAwait };
    const { contract } = args.config;
    const ports = [
      { name: "http", port: contract.port },
      ...(contract.live === undefined ? [{ name: "internal", port: apiInternalPort }] : []),
    ];
    new Service(name, { metadata, spec: { selector, ports } }, { parent: this });
  }
}
