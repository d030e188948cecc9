/** ConfigMap in the stack's namespace with the open release, its overlay and the last releases. */
export const releasesName = "breakwater-releases";

/** Key of `releasesName` with the overlay of the open release, as JSON. Without an open release there is none. */
export const overlayKey = "overlay";

/** Begin of the keys of releases that have ended. An id, which follows, begins with the time of the release. */
export const endedPrefix = "release-";

/** Variable that holds the id of a release while `npm run release` runs pulumi. */
export const releaseVariable = "BREAKWATER_RELEASE";

/** Variable that holds the image of a release whose option `--image` names it. */
export const releaseImageVariable = "BREAKWATER_RELEASE_IMAGE";

/** Name of the canary pool's Deployment. */
export const canaryName = "api-canary";

/** The two pools of an open release, and their shares of the traffic. */
export interface ReleasePools {
  /** Share of the old pool, relative to that of the canary. */
  stableWeight: number;
  /** Pods that the old pool has. It keeps them as they are. */
  stableReplicas: number;
  canaryWeight: number;
  /** With 0 there is no canary pool. */
  canaryReplicas: number;
  /** Whether the canary pool keeps its pods as they are, because it leaves. */
  keepsCanary: boolean;
}

/** What an open release changes in the stack. `pulumi up` reads it from the cluster. */
export interface ReleaseOverlay {
  releaseId: string;
  /** Image that the new pods must have; null: any, because they leave. */
  image: string | null;
  /** Image that the old pods have. */
  stableImage: string;
  /** Null: the stack as stack config describes it. */
  pools: ReleasePools | null;
  /** Image that the kit's own programs keep until the release has passed; null: the image of this checkout. */
  kitImage: string | null;
}

/** Reads an overlay. @returns undefined when the text is not one */
export function parseOverlay(text: string): ReleaseOverlay | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { releaseId, image, stableImage, pools, kitImage } = value;
  const isText = (each: unknown) => each === null || typeof each === "string";
  const isGood =
    typeof releaseId === "string" &&
    typeof stableImage === "string" &&
    isText(image) &&
    isText(kitImage) &&
    (pools === null || isPools(pools));
  return isGood ? (value as unknown as ReleaseOverlay) : undefined;
}

/** One of the pools must get the traffic. */
function isPools(value: unknown): value is ReleasePools {
  if (!isObject(value)) return false;
  const { stableWeight, stableReplicas, canaryWeight, canaryReplicas, keepsCanary } = value;
  const counts = [stableWeight, stableReplicas, canaryWeight, canaryReplicas];
  if (!counts.every((count) => Number.isInteger(count) && (count as number) >= 0)) return false;
  const isServed = Number(stableWeight) > 0 || (Number(canaryWeight) > 0 && Number(canaryReplicas) > 0);
  return isServed && typeof keepsCanary === "boolean";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
