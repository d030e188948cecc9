import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import { databaseWalMiB } from "../config/memory.ts";
import { type DatabaseConfig, databaseVolumes } from "../config/sections/database.ts";
import { MiB } from "../config/units.ts";
import type { Workload } from "../contract/outputs.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { createDatabaseBackup } from "./database-backup.ts";
import { generatedPassword, passwordId } from "./password.ts";
import { passwordsVolume } from "./passwords-in-use.ts";
import { databasePort as port } from "./ports.ts";
import { databaseAlive, databaseInit, databaseRun } from "./programs.ts";
import { resources } from "./resources.ts";
import { afterRollout } from "./rollout.ts";
import type { VolumePlan } from "./volume-plan.ts";
import { createStatefulSet } from "./workload.ts";

/** The database's settings. */
export interface DatabaseArgs {
  namespace: string;
  config: DatabaseConfig;
  image: string;
  storageClass?: string;
  volumes: VolumePlan;
  cluster: ClusterReader;
}

const isReady = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", String(port)];
const isAlive = ["sh", "-uc", databaseAlive, "database-alive", String(port)];
const maxRecoverySeconds = 86_400;

/** A recovery may take longer than any usual start. Killing the server would only start the recovery again. */
const probes = {
  startupProbe: {
    exec: { command: isReady },
    periodSeconds: 1,
    timeoutSeconds: 5,
    failureThreshold: maxRecoverySeconds,
  },
  // Each probe by exec costs a process, so these are rare. The check of the socket is cheap.
  readinessProbe: { tcpSocket: { port }, periodSeconds: 5, failureThreshold: 2 },
  livenessProbe: { exec: { command: isAlive }, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 },
};

/** PostgreSQL as a StatefulSet of one pod with a volume. Its address is `database:5432`. */
export class Database extends pulumi.ComponentResource {
  /** URL with user and password; secret. */
  readonly url: pulumi.Output<string>;
  /** URL without password. */
  readonly urlOfRole: string;
  readonly password: pulumi.Output<string>;
  /** Name of the Secret with the password, key `password`. */
  readonly secretName: string;
  readonly workload: Workload;
  /** The StatefulSet, once its pod is ready. */
  readonly ready: pulumi.Output<pulumi.Resource>;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:Database", name, {}, opts);
    // Not protected: the Secret of passwords-in-use.ts has the password, too, and a rotation removes it from the state.
    this.password = generatedPassword(`${name}-password`, args.config.passwordVersion, { parent: this });
    this.secretName = `${name}-password`;
    const secret = this.#createSecret(args);
    const { statefulSet, workload } = this.#createStatefulSet(name, args, secret);
    this.workload = workload;
    this.ready = afterRollout(args.cluster, statefulSet, { ...workload, namespace: args.namespace }, "ready");
    this.#createService(name, args);
    const { schedule } = args.config.backup;
    if (schedule !== undefined) {
      const config = { ...args.config, backup: { ...args.config.backup, schedule } };
      createDatabaseBackup({ ...args, config, host: name }, { parent: this });
    }
    const address = `${name}:${port}/breakwater`;
    this.urlOfRole = `postgres://breakwater@${address}`;
    this.url = pulumi.interpolate`postgres://breakwater:${this.password}@${address}`;
    this.registerOutputs({ url: this.url });
  }

  #createSecret(args: DatabaseArgs): Secret {
    const metadata = { name: this.secretName, namespace: args.namespace };
    const stringData = { password: this.password, id: passwordId(this.password) };
    return new Secret(this.secretName, { metadata, stringData }, { parent: this });
  }

  #createService(name: string, args: DatabaseArgs): void {
    const metadata = { name, namespace: args.namespace };
    const ports = [{ name: "postgres", port }];
    const spec = { clusterIP: "None", selector: this.workload.selector, ports };
    new Service(name, { metadata, spec }, { parent: this });
  }

  #createStatefulSet(name: string, args: DatabaseArgs, secret: Secret) {
    const { config, image } = args;
    const common = { image, resources: resources(config), env: [{ name: "LC_ALL", value: "C.UTF-8" }] };
    const mounts = [
      { name: args.volumes.templateName, mountPath: databaseVolumes.data },
      { name: "tmp", mountPath: databaseVolumes.tmp },
    ];
    const settings = [
      { name: "MAX_CONNECTIONS", value: String(config.maxConnections) },
      { name: "MAX_WAL_MB", value: String(databaseWalMiB(config.storage)) },
    ];
    return createStatefulSet(
      {
        ...args,
        name,
        role: "database",
        replicas: 1,
        spread: false,
        protect: config.protect,
        storage: config.storage,
        runAsUser: config.runAsUser,
        spec: {
          terminationGracePeriodSeconds: 60,
          initContainers: [
            {
              ...common,
              name: "init",
              command: ["sh", "-euc", databaseInit],
              volumeMounts: [
                ...mounts,
                { name: "password", mountPath: databaseVolumes.password, readOnly: true },
                { name: "password-in-use", mountPath: databaseVolumes["password-in-use"], readOnly: true },
              ],
            },
          ],
          containers: [
            {
              ...common,
              name: "postgres",
              // The image's stop signal is SIGINT: PostgreSQL then closes its clients' connections at once.
              command: ["sh", "-euc", databaseRun],
              env: [...common.env, ...settings],
              ports: [{ name: "postgres", containerPort: port }],
              volumeMounts: mounts,
              ...probes,
            },
          ],
          volumes: [
            { name: "tmp", emptyDir: { bytes: 64 * MiB } },
            { name: "password", secret: { secretName: this.secretName, defaultMode: 0o440 } },
            passwordsVolume("password-in-use", ["database", "database-id"], 0o440),
          ],
        },
      },
      this,
      // No output of the Secret: a new Secret would then replace the StatefulSet, which depends on its name.
      [secret],
    );
  }
}
