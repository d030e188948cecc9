import { ApiError } from "../../host/cluster-api.ts";
import type { RecordApi } from "../record-store.ts";

interface StoredObject {
  metadata: Record<string, unknown>;
  [part: string]: unknown;
}

/** An API server in memory that checks versions, as the real one does for an update with a resourceVersion. */
export class MemoryApi implements RecordApi {
  readonly objects = new Map<string, StoredObject>();
  #version = 0;

  async getJson<T>(path: string): Promise<T> {
    const found = this.objects.get(path);
    if (found === undefined) throw new ApiError(404, "HTTP 404: not found");
    return structuredClone(found) as T;
  }

  async create<T>(path: string, object: object): Promise<T> {
    const given = structuredClone(object) as StoredObject;
    const own = `${path}/${given.metadata.name}`;
    if (this.objects.has(own)) throw new ApiError(409, "HTTP 409: already exists");
    this.objects.set(own, this.#versioned(given));
    return structuredClone(given) as T;
  }

  async patch(path: string, patch: object): Promise<void> {
    const found = this.objects.get(path);
    if (found === undefined) throw new ApiError(404, "HTTP 404: not found");
    const { resourceVersion } = (patch as Partial<StoredObject>).metadata ?? {};
    if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion)
      throw new ApiError(409, "HTTP 409: the object has been modified");
    this.objects.set(path, this.#versioned(merge(found, patch) as StoredObject));
  }

  #versioned(object: StoredObject): StoredObject {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
  }
}

/** Merges as Kubernetes merges a patch: a field that is null goes. */
function merge(into: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...(into as Record<string, unknown> | undefined) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}
