import type { ApiClient, Query } from "./api-client.ts";
import { ApiError } from "./api-error.ts";
import { type Manifest, metadataOf } from "./manifest.ts";

const pauseAfterFailureMs = 500;

interface ObjectList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: Manifest[];
}
interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Manifest;
}

/**
 * Lists the objects at `path` that `query` selects and follows their changes, giving all of them each time. A lost
 * connection is made again; ends without error on `signal`.
 *
 * @throws {ApiError} when the server refuses the list (but not when it asks to come back later).
 */
export async function watchObjects(
  api: ApiClient,
  path: string,
  query: Query,
  signal: AbortSignal,
  onChange: (objects: readonly Manifest[]) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await listAndFollow(api, path, query, signal, onChange);
    } catch (error) {
      if (signal.aborted) return;
      // 410: the version is too old to follow from, so list anew.
      if (error instanceof ApiError && error.code < 500 && ![401, 410, 429].includes(error.code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseAfterFailureMs));
    }
  }
}

async function listAndFollow(
  api: ApiClient,
  path: string,
  query: Query,
  signal: AbortSignal,
  onChange: (objects: readonly Manifest[]) => void,
): Promise<void> {
  const { metadata, items } = await api.get<ObjectList>(path, query);
  if (signal.aborted) return;
  const objects = new Map(items.map((item) => [keyOf(item), item]));
  let resourceVersion = metadata.resourceVersion;
  onChange([...objects.values()]);
  for (;;) {
    const watch = { ...query, watch: true, allowWatchBookmarks: true, resourceVersion };
    await api.lines(path, watch, signal, (line) => {
      const { type, object } = JSON.parse(line) as WatchEvent;
      if (type === "ERROR")
        throw new ApiError(Number(object.code ?? 500), { message: String(object.message) });
      resourceVersion = metadataOf(object).resourceVersion ?? resourceVersion;
      if (type === "BOOKMARK") return;
      if (type === "DELETED") objects.delete(keyOf(object));
      else objects.set(keyOf(object), object);
      onChange([...objects.values()]);
    });
  }
}

const keyOf = (object: Manifest): string => {
  const { namespace = "", name = "" } = metadataOf(object);
  return `${namespace}/${name}`;
};
