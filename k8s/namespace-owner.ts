import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../config/derive.ts";
import type { ClusterApi } from "../host/cluster-api.ts";
import { openForReading } from "../host/read-cluster.ts";
import { readAnnotation } from "./cluster-reader.ts";

/** Annotation of a namespace: the stack that it belongs to. */
export const ownerAnnotation = "breakwater.dev/stack";

/** The name of the running stack with its organization and project. */
export function fullStackName(): string {
  return [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
}

/**
 * Refuses a namespace that another stack owns. Without this check, a stack of the same name in another project would take
 * over all objects of the first one, since the stack overwrites fields of others (docs/decisions.md#forced-fields).
 *
 * @param owner full name of the stack that is deployed.
 * @throws {pulumi.RunError} also when the cluster does not answer.
 */
export async function requireOwnNamespace(
  { files, kubeContext }: ClusterAccess,
  namespace: string,
  owner: string,
): Promise<void> {
  let cluster: ClusterApi | undefined;
  let found: string | undefined;
  try {
    cluster = await openForReading(files, kubeContext);
    found = await readAnnotation(cluster, `/api/v1/namespaces/${namespace}`, ownerAnnotation);
  } catch (error) {
    const { message } = error as Error;
    throw new pulumi.RunError(`Whether the namespace ${namespace} is free cannot be read: ${message}`);
  } finally {
    cluster?.close();
  }
  const problem = ownerProblem(namespace, found, owner);
  if (problem !== undefined) throw new pulumi.RunError(problem);
}

/** Why a stack may not use a namespace; undefined when it may: the namespace is its own, or has no mark. */
export function ownerProblem(
  namespace: string,
  found: string | undefined,
  owner: string,
): string | undefined {
  if (found === undefined || found === owner) return undefined;
  return `The namespace ${namespace} belongs to the stack ${found}, and this is ${owner}; use another namespace: pulumi config set --path cluster.namespace … (if this stack was renamed or moved: kubectl annotate --overwrite namespace ${namespace} ${ownerAnnotation}=${owner})`;
}
