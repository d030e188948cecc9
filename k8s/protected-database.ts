import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../config/derive.ts";
import type { ClusterApi } from "../host/cluster-api.ts";
import { openForReading } from "../host/read-cluster.ts";
import { pathOf, readAnnotation } from "./cluster-reader.ts";

/** Annotation of a StatefulSet that Pulumi's state protects. */
export const protectedAnnotation = "breakwater.dev/protected";

/** The option that would remove the database, with the commands that unset and set it. */
const removals = {
  url: {
    option: "database.url",
    unset: "pulumi config rm --path database.url",
    again: "set database.url and database.ca again",
  },
  enabled: {
    option: "database.enabled false",
    unset: "pulumi config rm --path database.enabled",
    again: "set database.enabled to false again; the claim of its volume stays",
  },
} as const;

/**
 * Refuses a `database.url`, or a `database.enabled`, that would remove the stack's own, protected database. The engine itself refuses the removal
 * only at the end of the update, when the API uses the other database already.
 *
 * @param by the option
 * @throws {pulumi.RunError} also when the cluster does not answer.
 */
export async function requireRemovableDatabase(
  { files, kubeContext }: ClusterAccess,
  namespace: string,
  by: keyof typeof removals,
): Promise<void> {
  let cluster: ClusterApi | undefined;
  let isProtected: boolean;
  try {
    cluster = await openForReading(files, kubeContext);
    const path = pathOf("statefulsets", namespace, "database");
    isProtected = (await readAnnotation(cluster, path, protectedAnnotation)) === "true";
  } catch (error) {
    const { message } = error as Error;
    throw new pulumi.RunError(`Whether the stack's own database is protected cannot be read: ${message}`);
  } finally {
    cluster?.close();
  }
  if (!isProtected) return;
  const { option, unset, again } = removals[by];
  throw new pulumi.RunError(
    `${option} would remove the stack's own database, which database.protect keeps; copy its data, then: ${unset}; pulumi config set --path database.protect false; pulumi up; then ${again}`,
  );
}
