import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../config/derive.ts";
import type { ClusterApi } from "../host/cluster-api.ts";
import { openForReading } from "../host/read-cluster.ts";
import { pathOf, readAnnotation } from "./cluster-reader.ts";

/** Annotation of a StatefulSet that Pulumi's state protects. */
export const protectedAnnotation = "breakwater.dev/protected";

/**
 * Refuses a `database.url` that would remove the stack's own, protected database. The engine itself refuses the removal
 * only at the end of the update, when the API uses the other database already.
 *
 * @throws {pulumi.RunError} also when the cluster does not answer.
 */
export async function requireRemovableDatabase(
  { files, kubeContext }: ClusterAccess,
  namespace: string,
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
  if (isProtected)
    throw new pulumi.RunError(
      "database.url would remove the stack's own database, which database.protect keeps; copy its data, then: pulumi config rm --path database.url; pulumi config set --path database.protect false; pulumi up; then set database.url and database.ca again",
    );
}
