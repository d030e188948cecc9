import type { CallContext } from "../../protocol/resource-provider.ts";
import type { ApiClient } from "../api-client.ts";
import { type Manifest, metadataOf } from "../manifest.ts";
import { watchObjects } from "../object-watch.ts";
import type { ResourceType } from "../resource-type.ts";

/**
 * Waits until the object that `live` shows (by its uid) is gone.
 *
 * @throws {Error} when the time is over or the deployment was cancelled, naming the finalizers that hold it.
 */
export async function waitUntilGone(
  api: ApiClient,
  type: ResourceType,
  live: Manifest,
  timeoutSeconds: number,
  context: CallContext,
): Promise<void> {
  const { namespace, name = "", uid } = metadataOf(live);
  const path = await api.pathOf(type, namespace);
  const stop = new AbortController();
  let last = live;
  let deadline: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      deadline = setTimeout(
        () => reject(new Error(`'${name}' timed out waiting to be deleted${heldBy(last)}`)),
        timeoutSeconds * 1000,
      );
      const cancelled = (): void => reject(new Error(`waiting for '${name}' to be deleted was cancelled`));
      context.signal.addEventListener("abort", cancelled, { signal: stop.signal });
      if (context.signal.aborted) cancelled();
      watchObjects(api, path, { fieldSelector: `metadata.name=${name}` }, stop.signal, ([found]) => {
        if (!found || metadataOf(found).uid !== uid) return resolve();
        last = found;
        context.log("info", `Waiting for deletion${heldBy(last)}`, { ephemeral: true });
      }).catch(reject);
    });
  } finally {
    clearTimeout(deadline);
    stop.abort();
  }
}

/** What the object's end waits for: finalizers, and for a Namespace what its controller says. */
function heldBy(object: Manifest): string {
  const finalizers = metadataOf(object).finalizers ?? [];
  const { conditions = [] } = (object.status ?? {}) as {
    conditions?: { type: string; status: string; message?: string }[];
  };
  const remaining = conditions
    .filter(({ type, status }) => type.endsWith("Remaining") && status === "True")
    .map(({ message }) => message);
  const reasons = [...(finalizers.length > 0 ? [`finalizers ${finalizers.join(", ")}`] : []), ...remaining];
  return reasons.length > 0 ? `: ${reasons.join("; ")}` : "";
}
