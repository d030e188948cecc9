import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../config/derive.ts";
import { isOwnDatabase } from "../config/sections/database.ts";
import type { StackConfig } from "../config/stack-config.ts";
import { workloadRoles } from "../contract/outputs.ts";
import { openForReading } from "../host/read-cluster.ts";

/** Something that an option names and that the cluster must have before the deployment. */
export interface ClusterNeed {
  /** Path of the option and its value. */
  option: string;
  /** What the cluster must have. */
  object: string;
  /** Path on the API server; it responds with 404 when the object is missing. */
  path: string;
  fix: string;
}

const podMonitors = "/apis/monitoring.coreos.com/v1/podmonitors?limit=1";

/** What the options name that the stack does not create itself. */
export function clusterNeeds(
  config: Pick<StackConfig, "cluster" | (typeof workloadRoles)[number]>,
): ClusterNeed[] {
  const { storageClass } = config.cluster;
  const named = (option: string, kind: string, group: string, name: string | undefined): ClusterNeed[] =>
    name === undefined
      ? []
      : [
          {
            option: `${option}: ${JSON.stringify(name)}`,
            object: `${kind} ${name}`,
            path: `/apis/${group}/v1/${kind.toLowerCase()}es/${name}`,
            fix: `create it, or set another: pulumi config set --path ${option} …`,
          },
        ];
  return [
    ...(["api", "nginx", "redis"] as const)
      .filter((section) => config[section].podMonitor)
      .map((section) => ({
        option: `${section}.podMonitor: true`,
        object: "CustomResourceDefinition podmonitors.monitoring.coreos.com",
        path: podMonitors,
        fix: `install the Prometheus operator, or set it: pulumi config set --path ${section}.podMonitor false`,
      })),
    ...(config.api.autoscale.max === undefined
      ? []
      : [
          {
            option: `api.autoscale.max: ${config.api.autoscale.max}`,
            object: "API metrics.k8s.io",
            path: "/apis/metrics.k8s.io/v1beta1",
            fix:
              config.cluster.kubeContext === undefined
                ? "start it: npm run up"
                : "install metrics-server, or remove the option: pulumi config rm --path api.autoscale",
          },
        ]),
    ...named("cluster.storageClass", "StorageClass", "storage.k8s.io", storageClass),
    ...workloadRoles
      .filter((role) => role !== "database" || isOwnDatabase(config.database))
      .flatMap((role) =>
        named(
          `${role}.pod.priorityClassName`,
          "PriorityClass",
          "scheduling.k8s.io",
          config[role].pod?.priorityClassName,
        ),
      ),
  ];
}

/**
 * Messages about the needs that the cluster does not meet. What may not be read counts as present: the deployment shows it.
 *
 * @param statusOf status of the API server's response to a GET of a path; 0 without a response
 */
export async function missingNeeds(
  needs: readonly ClusterNeed[],
  statusOf: (path: string) => Promise<number>,
): Promise<string[]> {
  const statuses = await Promise.all(needs.map(({ path }) => statusOf(path)));
  return needs
    .filter((_, index) => statuses[index] === 404)
    .map(
      ({ option, object, fix }) => `${option} needs the ${object}, which the cluster does not have; ${fix}`,
    );
}

/**
 * Checks before anything is deployed that the cluster has what the options name: a deployment would wait for it in the
 * middle, for minutes, with a part of the stack changed.
 *
 * @throws {pulumi.RunError} with all that is missing.
 */
export async function checkClusterNeeds(
  config: StackConfig,
  { files, kubeContext }: ClusterAccess,
): Promise<void> {
  const needs = clusterNeeds(config);
  if (needs.length === 0) return;
  const cluster = await openForReading(files, kubeContext);
  const missing = await missingNeeds(needs, (path) =>
    cluster.getText(path, 15_000).then(
      () => 200,
      (error) => (error as { status?: number }).status ?? 0,
    ),
  );
  cluster.close();
  if (missing.length > 0) throw new pulumi.RunError(missing.join("\n"));
}
