import { randomBytes } from "node:crypto";
import type { ApiClient } from "./api-client.ts";
import { ApiError, conflictingManagers } from "./api-error.ts";
import { annotationOf, type Manifest, metadataOf } from "./manifest.ts";

/** Holds the fields of an object from its creation until its resource's own manager takes over. */
export const createManager = "pulumi-kubernetes";

const attempts = 5;

/** A new manager's name for one resource, so that two resources for one object conflict. */
export function newFieldManager(): string {
  return `${createManager}-${randomBytes(4).toString("hex")}`;
}

/** True when the program asks to take fields that others hold, or an object that exists already. */
export function isForced(inputs: Manifest, byProvider: boolean): boolean {
  return byProvider || annotationOf(inputs, "pulumi.com/patchForce") === "true";
}

interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
}

/**
 * Hands the fields of the create manager to `manager`, so that its applies neither conflict with them nor leave behind
 * what the program dropped.
 */
export async function takeOver(api: ApiClient, path: string, live: Manifest, manager: string): Promise<void> {
  let object = live;
  for (let attempt = 1; ; attempt++) {
    const { resourceVersion, managedFields = [] } = metadataOf(object) as {
      resourceVersion?: string;
      managedFields?: ManagedFields[];
    };
    const isFromCreate = (entry: ManagedFields): boolean =>
      entry.manager === createManager && entry.operation === "Update" && !entry.subresource;
    if (!managedFields.some(isFromCreate)) return;
    // An apply by this manager came first, so the server has merged them already.
    const isApplied = managedFields.some(
      ({ manager: other, operation }) => other === manager && operation === "Apply",
    );
    const handed = managedFields
      .filter((entry) => !(isApplied && isFromCreate(entry)))
      .map((entry) => (isFromCreate(entry) ? { ...entry, manager, operation: "Apply" } : entry));
    try {
      await api.patch(path, [
        { op: "replace", path: "/metadata/managedFields", value: handed },
        { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
      ]);
      return;
    } catch (error) {
      // A controller wrote the status in between.
      if (!(error instanceof ApiError && error.code === 409) || attempt >= attempts) throw error;
      object = await api.get<Manifest>(path);
    }
  }
}

/** Applies `manifest` and explains conflicts. */
export async function applyAs(
  api: ApiClient,
  path: string,
  manifest: Manifest,
  { manager, force, dryRun }: { manager: string; force: boolean; dryRun: boolean },
): Promise<Manifest> {
  const query = { fieldManager: manager, force, ...(dryRun ? { dryRun: "All" } : {}) };
  try {
    return await api.apply(path, manifest, query);
  } catch (error) {
    const managers = conflictingManagers(error);
    if (managers.length === 0) throw error;
    // The take-over itself is no dry run.
    if (dryRun && managers.every((other) => other === createManager)) {
      return await api.apply(path, manifest, { ...query, force: true });
    }
    throw conflictError(error as Error, managers);
  }
}

function conflictError(error: Error, managers: readonly string[]): Error {
  const others = [...new Set(managers)].map((name) => `"${name}"`).join(", ");
  return new Error(
    `server-side apply field conflict detected: ${error.message}\n` +
      `${others} changed these fields outside of Pulumi. Take them back with the annotation pulumi.com/patchForce: "true" ` +
      "on the resource, or write the value that they have now into the program, or leave them to the other manager with ignoreChanges.",
    { cause: error },
  );
}
