import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import * as pulumi from "@pulumi/pulumi";
import { type DatabaseConfig, databaseVolumes } from "../config/sections/database.ts";
import type { Workload } from "../contract/outputs.ts";
import { generatedPassword } from "./password.ts";
import { databaseInit, databaseRun } from "./programs.ts";
import { resources } from "./resources.ts";
import { createStatefulSet } from "./workload.ts";

/** The database's settings. */
export interface DatabaseArgs {
  namespace: string;
  config: DatabaseConfig;
  image: string;
  storageClass?: string;
}

const port = 5432;

/** PostgreSQL as a StatefulSet of one pod with a volume. Its address is `database:5432`. */
export class Database extends pulumi.ComponentResource {
  /** URL with user and password; secret. */
  readonly url: pulumi.Output<string>;
  readonly workload: Workload;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:Database", name, {}, opts);
    const password = generatedPassword(`${name}-password`, { parent: this });
    const secret = this.#createSecret(name, args, password);
    this.workload = this.#createStatefulSet(name, args, secret);
    this.#createService(name, args);
    this.url = pulumi.interpolate`postgres://breakwater:${password}@${name}:${port}/breakwater`;
    this.registerOutputs({ url: this.url });
  }

  #createSecret(name: string, args: DatabaseArgs, password: pulumi.Output<string>): Secret {
    const metadata = { name, namespace: args.namespace };
    return new Secret(name, { metadata, stringData: { password } }, { parent: this });
  }

  #createService(name: string, args: DatabaseArgs): void {
    const metadata = { name, namespace: args.namespace };
    const ports = [{ name: "postgres", port }];
    const spec = { clusterIP: "None", selector: this.workload.selector, ports };
    new Service(name, { metadata, spec }, { parent: this });
  }

  #createStatefulSet(name: string, args: DatabaseArgs, secret: Secret): Workload {
    const { config, image } = args;
    const common = { image, resources: resources(config), env: [{ name: "LC_ALL", value: "C.UTF-8" }] };
    const mounts = [
      { name: "data", mountPath: databaseVolumes.data },
      { name: "tmp", mountPath: databaseVolumes.tmp },
    ];
    const isReady = { exec: { command: ["pg_isready", "-q", "-h", "127.0.0.1", "-p", String(port)] } };
    const { workload } = createStatefulSet(
      {
        ...args,
        name,
        role: "database",
        replicas: 1,
        spread: false,
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
              ],
            },
          ],
          containers: [
            {
              ...common,
              name: "postgres",
              // The image's stop signal is SIGINT: PostgreSQL then closes its clients' connections at once.
              command: ["sh", "-euc", databaseRun],
              ports: [{ name: "postgres", containerPort: port }],
              volumeMounts: mounts,
              startupProbe: { ...isReady, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 },
              // Each probe by exec costs a process, so these are rare. The check of the socket is cheap.
              readinessProbe: { tcpSocket: { port }, periodSeconds: 5, failureThreshold: 2 },
              livenessProbe: { ...isReady, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 },
            },
          ],
          volumes: [
            { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
            { name: "password", secret: { secretName: secret.metadata.name, defaultMode: 0o440 } },
          ],
        },
      },
      this,
    );
    return workload;
  }
}
